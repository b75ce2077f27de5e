package sim

import (
	"cmp"
	"slices"
	"strings"
)

// Page is a part of a listing.
type Page struct {
	Uploads  []Upload
	Prefixes []string // what keys have in common up to the delimiter
	Next     string   // where the next page begins; empty on the last
}

// List is ListObjectsV2: what is in a bucket after a key, in the order of the keys' bytes.
func (w *World) List(region, bucket, prefix, delimiter, after string, most int) (Page, error) {
	held, err := w.Uploads(region, bucket)
	if err != nil {
		return Page{}, err
	}
	from, _ := slices.BinarySearchFunc(held, after, func(u Upload, after string) int { return cmp.Or(strings.Compare(u.Key, after), -1) })
	var page Page
	for _, u := range held[from:] {
		rest, inside := strings.CutPrefix(u.Key, prefix)
		head, _, cut := strings.Cut(rest, delimiter)
		shared := prefix + head + delimiter
		cut = cut && delimiter != ""
		switch {
		case !inside, cut && (slices.Contains(page.Prefixes, shared) || after == shared):
		case len(page.Uploads)+len(page.Prefixes) == most:
			page.Next = last(page)
			return page, nil
		case cut:
			page.Prefixes = append(page.Prefixes, shared)
		default:
			page.Uploads = append(page.Uploads, u)
		}
	}
	return page, nil
}

// last is the end of a page, in the order of the keys.
func last(page Page) (key string) {
	if n := len(page.Uploads); n > 0 {
		key = page.Uploads[n-1].Key
	}
	if n := len(page.Prefixes); n > 0 {
		key = max(key, page.Prefixes[n-1])
	}
	return key
}
