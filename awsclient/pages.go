package awsclient

import (
	"context"
	"iter"
)

// Pages are the pages of an answer, one call each. An error ends them.
func Pages[Out, Options any](ctx context.Context, of interface {
	HasMorePages() bool
	NextPage(ctx context.Context, opts ...func(*Options)) (Out, error)
}) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		for of.HasMorePages() {
			page, err := of.NextPage(ctx)
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}
