// Package iam reads the policies of IAM for tests, and judges calls by them.
package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Policy is a document of IAM.
type Policy struct {
	Version   string
	Statement []Statement
}

// A Statement allows actions on resources; one of a trust policy names a principal in their place.
type Statement struct {
	Sid       string
	Effect    string
	Principal struct{ Federated string }
	Action    List
	Resource  List
	Condition map[string]map[string]List
}

// A List is a string or a list of them, as IAM takes it.
type List []string

// UnmarshalJSON reads a string as a list of one.
func (l *List) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = List{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// Read reads a policy from a file, after its placeholders were filled in.
func Read(file string, fill *strings.Replacer) (Policy, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Policy{}, fmt.Errorf("reading a policy: %w", err)
	}
	var p Policy
	if err := json.Unmarshal([]byte(fill.Replace(string(text))), &p); err != nil {
		return Policy{}, fmt.Errorf("reading %s: %w", file, err)
	}
	return p, nil
}

// Actions are what the policy allows on some resource; one may end in a star.
func (p Policy) Actions() []string {
	all := map[string]bool{}
	for _, s := range p.Statement {
		for _, action := range s.Action {
			all[action] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Allows reports whether the policy allows an action on a resource, by its ARN; an empty ARN is
// some resource. Conditions are taken to be met.
func (p Policy) Allows(action, arn string) bool {
	return slices.ContainsFunc(p.Statement, func(s Statement) bool { return s.about(action, arn) })
}

// Permits reports whether the policy allows an action on a resource, where context is what IAM knows of the request:
// the values of the keys of conditions, such as aws:ResourceTag/site.
func (p Policy) Permits(action, arn string, context map[string]string) bool {
	return slices.ContainsFunc(p.Statement, func(s Statement) bool { return s.about(action, arn) && s.met(context) })
}

func (s Statement) about(action, arn string) bool {
	return slices.ContainsFunc(s.Action, func(pattern string) bool { return matches(pattern, action) }) && (arn == "" || slices.ContainsFunc(s.Resource, func(pattern string) bool { return matches(pattern, arn) }))
}

// met reports whether all conditions hold. One of a key that the request does not have fails, but for Null, which
// asks for that. An operator that no policy here has counts as failed.
func (s Statement) met(context map[string]string) bool {
	for operator, keys := range s.Condition {
		for key, values := range keys {
			value, there := context[key]
			holds := false
			switch operator {
			case "StringEquals", "Bool":
				holds = there && slices.Contains(values, value)
			case "StringLike":
				holds = there && slices.ContainsFunc(values, func(pattern string) bool { return matches(pattern, value) })
			case "Null":
				holds = slices.Contains(values, strconv.FormatBool(!there))
			}
			if !holds {
				return false
			}
		}
	}
	return true
}

// matches reports whether a pattern stands for an ARN or an action: a star is any text, across colons and slashes too.
func matches(pattern, text string) bool {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^" + quoted + "$").MatchString(text)
}
