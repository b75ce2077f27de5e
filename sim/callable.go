package sim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// callableText holds the calls that a world can meet, and the error codes of AWS by their classes; those of all services are
// under "all". TestCallable writes it.
//
//go:embed callable.json
var callableText []byte

// A serviceCalls is a service with its calls, and its error codes by class (see awsclient.Class), each separated by spaces.
type serviceCalls struct {
	Operations string            `json:"operations,omitempty"`
	Codes      map[string]string `json:"codes,omitempty"`
}

// codes are those of all classes, in alphabetical order.
func (c serviceCalls) codes() (all []string) {
	for _, words := range c.Codes {
		all = append(all, strings.Fields(words)...)
	}
	slices.Sort(all)
	return all
}

var callable = func() map[string]serviceCalls {
	all := map[string]serviceCalls{}
	if err := json.Unmarshal(callableText, &all); err != nil {
		panic(fmt.Sprintf("callable.json: %v", err))
	}
	return all
}()

// knownCall refuses a call that no world meets. code is empty for any.
func knownCall(service, operation, code string) error {
	known, ok := callable[service]
	if !ok {
		return fmt.Errorf("there is no service %s here: name one of %s", service, strings.Join(slices.DeleteFunc(slices.Sorted(maps.Keys(callable)), func(name string) bool { return name == "all" }), ", "))
	}
	if !slices.Contains(strings.Fields(known.Operations), operation) {
		return fmt.Errorf("nothing here calls %s:%s: name one of %s", service, operation, strings.Join(strings.Fields(known.Operations), ", "))
	}
	if code != "" && !slices.Contains(append(known.codes(), callable["all"].codes()...), code) {
		return fmt.Errorf("%s has no error %s: name one of %s, or one that all services have, such as AccessDenied or InternalFailure",
			service, code, strings.Join(known.codes(), ", "))
	}
	return nil
}
