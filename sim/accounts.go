package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// A database's users are among its rows, so that they reach its replicas as all else that is written does. One
// of which none is known, as it was made of what AWS tells, lets everybody in.

// lockedAccount is what stands in place of a password of an account that is locked.
const lockedAccount = "locked"

// account is a row that sets a user's password.
func account(at time.Time, user, password string) Row {
	sum := sha256.Sum256([]byte(password))
	return Row{At: at, Account: user, Text: hex.EncodeToString(sum[:8])}
}

// masterOf is the master user of a primary, with the password that it is given. A replica has its source's.
func masterOf(w *World, o *Object) []Row {
	if o.text("password") == "" {
		return nil
	}
	return []Row{account(w.clock.Now(), o.text("username"), o.text("password"))}
}

// LogIn logs a user in to the database at an address. The errors are MySQL's.
func (i Instance) LogIn(address, user, password string) error {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	_, err := i.world.logIn(address, user, password, now)
	return err
}

func (w *World) logIn(address, user, password string, now time.Time) (*Object, error) {
	o, err := w.connect(address, now)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(w.held(o, now), func(row Row) bool { return row.Account != "" }) {
		return o, nil
	}
	switch w.accountOf(o, user, now) {
	case account(now, user, password).Text:
		return o, nil
	case lockedAccount:
		return nil, &MySQLError{3118, fmt.Sprintf("Access denied for user '%s'. Account is locked.", user)}
	}
	return nil, &MySQLError{1045, fmt.Sprintf("Access denied for user '%s' (using password: YES)", user)}
}

// SetAccount has one user make another, or give it a password; with none it is locked.
func (i Instance) SetAccount(address, by, theirs, user, password string) error {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	o, err := i.world.logIn(address, by, theirs, now)
	if err != nil {
		return err
	}
	if state, _ := i.world.databaseAt(address, now); !state.Writable {
		return &MySQLError{1290, readOnlyMessage}
	}
	row := account(now, user, password)
	if password == "" {
		row.Text = lockedAccount
	}
	if known := i.world.accountOf(o, by, now) != ""; known && i.world.accountOf(o, user, now) != row.Text {
		o.Rows = append(o.Rows, row)
	}
	return nil
}

// accountOf is what a database holds of a user's password; empty where it knows no such user.
func (w *World) accountOf(o *Object, user string, now time.Time) (holds string) {
	for _, row := range w.held(o, now) {
		if row.Account == user {
			holds = row.Text
		}
	}
	return holds
}
