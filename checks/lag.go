package checks

import (
	"encoding/json"
	"time"
)

// Lag is one measurement of how far the replica is behind its source.
type Lag struct {
	Value time.Duration
	At    time.Time
}

// lagDocument is a lag in JSON.
type lagDocument struct {
	Behind float64   `json:"behindSeconds"`
	At     time.Time `json:"at"`
}

// MarshalJSON writes it in seconds.
func (l Lag) MarshalJSON() ([]byte, error) {
	return json.Marshal(lagDocument{l.Value.Seconds(), l.At})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Lag) UnmarshalJSON(text []byte) error {
	var read lagDocument
	err := json.Unmarshal(text, &read)
	*l = Lag{time.Duration(read.Behind * float64(time.Second)), read.At}
	return err
}
