package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration written as in Go: 90s, 15m, 2h.
type Duration time.Duration

// UnmarshalJSON reads a string such as "15m".
func (d *Duration) UnmarshalJSON(text []byte) error {
	parsed, err := time.ParseDuration(strings.Trim(string(text), `"`))
	if err != nil {
		return fmt.Errorf("%s is not a duration: write it like 90s, 15m or 2h", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalJSON writes a duration as it is read.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }
