package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// A Call is what a resource provider asks of the world.
type Call struct {
	Region string
	Type   string // Pulumi's token
	Name   string // the logical name
	ID     string // of what is there already
	Inputs map[string]any
	Old    map[string]any // the inputs before an update
	State  map[string]any // the outputs before an update
	Limit  time.Duration  // of the wait; 0 is the provider's own
}

// Create makes a resource and returns when it is ready. AWS writes it down when
// it accepts the call: a caller that dies while it waits leaves it behind, and one
// that ends the wait gets what it has asked for, with the error.
func (w *World) Create(ctx context.Context, c Call) (made Object, err error) {
	k, err := w.open(c.Type)
	if err != nil {
		return Object{}, err
	}
	end := w.begin(c.step("create"))
	defer func() { end(err) }()
	o := &Object{Type: c.Type, Region: c.Region, Name: c.Name, Props: plain(c.Inputs)}
	operation := k.create
	if k.takes != nil {
		operation = k.takes(nil, o)
	}
	if err := w.admit(ctx, k, c.Region, operation, true); err != nil {
		return Object{}, fmt.Errorf("%s: %w", k.word("creating", o), err)
	}
	if err := w.refused(k, o); err != nil {
		return Object{}, err
	}
	for {
		if err := w.make(k, o, operation); err != nil {
			return Object{}, fmt.Errorf("%s: %w", k.word("creating", o), w.complete(err, k, operation, c))
		}
		if !w.losesAnswer(k.service + ":" + operation) {
			break
		}
		if err := w.clock.Sleep(ctx, retryPause); err != nil {
			return Object{}, err
		}
		o = &Object{Type: c.Type, Region: c.Region, Name: c.Name, Props: plain(c.Inputs)}
	}
	w.accept(c.accepted("create"))
	asked := o.clone()
	if made, err = w.settle(ctx, k, c, asked, "create", operation); err != nil && !unnamed(c.Type) {
		made = *asked
		if made.failed(w.clock.Now()) { // the provider has read nothing of it
			made.Props = plain(c.Inputs)
		}
	}
	return made, err
}

func (w *World) refused(k *kind, o *Object) error {
	if k.refuses == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return k.refuses(w, o)
}

// unnamed reports whether the provider knows nothing of what it has asked for until the
// wait is over.
func unnamed(typ string) bool {
	wait := waitFor(typ, "create", kinds[typ].create)
	return wait != nil && wait.unnamed
}

func (w *World) make(k *kind, o *Object, operation string) error {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.launchAll()
	o.Account = w.state.Account
	o.fill(plain(k.defaults))
	if k.same != nil {
		if there := k.same(w, o); there != nil {
			*o = *there.clone()
			return nil
		}
	}
	if err := w.valid(k, o); err != nil {
		return err
	}
	if k.unique != nil && w.taken(k, o) {
		return k.unique.taken(o)
	}
	if err := w.withinQuotas(o); err != nil {
		return err
	}
	o.Ready = now.Add(w.Duration(o.Region, k.service+":"+operation, o.Name))
	w.failLater(o, k.service+":"+operation)
	w.state.Made[key(o.Type, o.Region, o.Name)]++
	o.ID = k.id(w, o)
	if k.made != nil {
		k.made(w, o)
	}
	o.Props = plain(o.Props)
	w.put(o)
	return nil
}

// Update changes a resource and returns when that is done.
func (w *World) Update(ctx context.Context, c Call) (changed Object, err error) {
	k, err := w.open(c.Type)
	if err != nil {
		return Object{}, err
	}
	end := w.begin(c.step("update"))
	defer func() { end(err) }()
	if err := w.admit(ctx, k, c.Region, k.update, k.update != ""); err != nil {
		return Object{}, fmt.Errorf("%s: %w", k.word("updating", &Object{ID: c.ID}), err)
	}
	o, operation, err := w.change(k, c)
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", k.word("updating", &Object{ID: c.ID}), w.complete(err, k, k.update, c))
	}
	w.accept(c.accepted("update"))
	return w.settle(ctx, k, c, o, "update", operation)
}

// change names the operation that the update waits for, too.
func (w *World) change(k *kind, c Call) (o *Object, operation string, err error) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.launchAll()
	old := w.find(c.Type, c.Region, c.ID)
	if old == nil {
		return nil, "", fmt.Errorf("%s: couldn't find resource; run `pulumi refresh`", c.ID)
	}
	o = old.clone()
	inputs := plain(c.Inputs)
	for prop := range c.Old {
		if _, kept := inputs[prop]; !kept {
			delete(o.Props, prop)
		}
	}
	for prop, v := range inputs {
		o.Props[prop] = v
	}
	o.fill(plain(k.defaults))
	if err := w.valid(k, o); err != nil {
		return nil, "", err
	}
	operation = k.update
	if k.takes != nil {
		operation = k.takes(old, o)
	}
	// What is still being made is not made any sooner.
	o.Ready = later(old.Ready, now.Add(w.Duration(o.Region, k.service+":"+operation, o.Name)))
	if k.changed != nil {
		if err := k.changed(w, c, old, o); err != nil {
			return nil, "", err
		}
	}
	if k.made != nil {
		k.made(w, o)
	}
	o.Props = plain(o.Props)
	w.put(o)
	return o.clone(), operation, nil
}

// Delete removes a resource. One that is gone already is fine.
func (w *World) Delete(ctx context.Context, c Call) (err error) {
	k, err := w.open(c.Type)
	if err != nil {
		return err
	}
	end := w.begin(c.step("delete"))
	defer func() { end(err) }()
	named := &Object{ID: c.ID}
	if err := w.admit(ctx, k, c.Region, k.delete, true); err != nil {
		return fmt.Errorf("%s: %w", k.word("deleting", named), err)
	}
	if err := w.remove(k, c); err != nil {
		return fmt.Errorf("%s: %w", k.word("deleting", named), w.complete(err, k, k.delete, c))
	}
	w.accept(c.accepted("delete"))
	if err := w.await(ctx, k, c, "delete", k.delete, w.Duration(c.Region, k.service+":"+k.delete, c.Name)); err != nil {
		return fmt.Errorf("%s: waiting for completion: %w", k.word("deleting", named), err)
	}
	return nil
}

func (w *World) remove(k *kind, c Call) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(c.Type, c.Region, c.ID)
	if o == nil {
		return nil
	}
	if user := w.user(o); user != nil && k.inUse != nil {
		return k.inUse(o, user)
	}
	if k.removed != nil {
		if err := k.removed(w, o); err != nil {
			return err
		}
	}
	w.dropWith(o)
	return nil
}

// Read shows a resource as it is now; found is false when there is none.
func (w *World) Read(ctx context.Context, c Call) (shown Object, found bool, err error) {
	k, err := w.open(c.Type)
	if err != nil {
		return Object{}, false, err
	}
	end := w.begin(c.step("read"))
	defer func() { end(err) }()
	if !isGlobal(c.Type) {
		if err := w.reach(ctx, c.Region, hangProvider); err != nil {
			return Object{}, false, fmt.Errorf("%s: %w", k.word("reading", &Object{ID: c.ID}), err)
		}
	}
	for _, call := range readCalls[c.Type] {
		if operation, own := strings.CutPrefix(call, k.service+":"); own {
			if err := w.meet(ctx, k, c.Region, operation); err != nil {
				return Object{}, false, fmt.Errorf("%s: %w", k.word("reading", &Object{ID: c.ID}), err)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(c.Type, c.Region, c.ID)
	if o == nil && c.Type == databaseType {
		o = w.findBy(databaseType, c.Region, "identifier", c.ID) // the provider finds a database by either, for imports
	}
	if o == nil {
		return Object{}, false, nil
	}
	if o.Type == cacheType && o.failed(w.clock.Now()) { // the provider reads none that is not available (elasticache/replication_group.go of 5.100)
		return Object{}, false, fmt.Errorf("%s: unexpected state 'create-failed', wanted target 'available'. last error: %%!s(<nil>)", k.word("reading", o))
	}
	return w.show(k, o), true, nil
}

// settle waits until the provider has seen that an object is ready, and shows it.
func (w *World) settle(ctx context.Context, k *kind, c Call, o *Object, operation, call string) (Object, error) {
	verb, began := map[string]string{"create": "creating", "update": "updating"}[operation], w.clock.Now()
	err := w.await(ctx, k, c, operation, call, o.Ready.Sub(began))
	if err == nil {
		err = w.unmade(ctx, k, c, o, began)
	}
	if err != nil {
		return Object{}, fmt.Errorf("%s: waiting for completion: %w", k.word(verb, o), err)
	}
	if !isGlobal(o.Type) {
		if err := w.reach(ctx, o.Region, hangProvider); err != nil {
			return Object{}, fmt.Errorf("%s: waiting for completion: %w", k.word(verb, o), err)
		}
	}
	if err := w.startRefresh(ctx, k, c, operation); err != nil {
		return Object{}, err
	}
	if err := w.waitCapacity(ctx, c, o, operation, began); err != nil {
		return Object{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.find(o.Type, o.Region, o.ID); now != nil {
		o = now
	}
	return w.show(k, o), nil
}

func (w *World) show(k *kind, o *Object) Object {
	o = o.clone()
	if o.Type == natType && o.failed(w.clock.Now()) {
		o.Props["networkInterfaceId"] = "" // EC2 gave it none, or took it back
	}
	if k.seen != nil {
		k.seen(w, o)
		o.Props = plain(o.Props)
	}
	return *o
}

func (w *World) open(typ string) (*kind, error) {
	if k := kinds[typ]; k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("resource type %s is %w", typ, ErrNotModelled)
}

// admit meets what stands before a call is looked at: an outage, then faults.
// The provider retries throttling and errors of AWS's own (5xx) by itself, so
// those only cost time.
func (w *World) admit(ctx context.Context, k *kind, region, operation string, changes bool) error {
	if !isGlobalService(k.service) {
		if err := w.reach(ctx, region, hangProvider); err != nil {
			return err
		}
	}
	if changes && (k.globally && operation == k.create || isGlobalService(k.service)) {
		if err := w.reach(ctx, awsregion.ControlPlane(k.service, region), hangProvider); err != nil {
			return err
		}
	}
	if operation == k.create && k.role != "" && !w.HasServiceRole(k.role) {
		if err := w.reach(ctx, awsregion.ControlPlane("iam", region), hangProvider); err != nil {
			return err
		}
		w.setServiceRole(k.role, true)
	}
	return w.meet(ctx, k, region, operation)
}

// meet meets the faults of an operation.
func (w *World) meet(ctx context.Context, k *kind, region, operation string) error {
	for {
		e := w.strike(k.service + ":" + operation)
		switch {
		case e == nil:
			return nil
		case e.Code != throttling(k.service) && e.Status < 500:
			return w.complete(e, k, operation, Call{Region: region})
		}
		if err := w.clock.Sleep(ctx, retryPause); err != nil {
			return err
		}
	}
}

// retryPause is what each of the provider's own retries costs.
const retryPause = 2 * time.Second

func isGlobalService(service string) bool { return service == "iam" || service == "route53" }

// complete says in an API error which call it answers.
func (w *World) complete(err error, k *kind, operation string, c Call) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	e.Service, e.Operation = k.sdk, operation
	e.RequestID = w.requestID(c.Region, operation, c.Name)
	return err
}

func (w *World) requestID(words ...string) string {
	a, b := w.hash(words...), w.hash(append(words, "b")...)
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

func (c Call) step(operation string) Step {
	s := Step{Region: c.Region, Kind: "provider", Operation: operation, Type: c.Type, Name: c.Name}
	if isGlobal(c.Type) {
		s.Region = global
	}
	return s
}

// accepted is the step with all that was asked for.
func (c Call) accepted(operation string) Step {
	s := c.step(operation)
	s.Asked = &c
	return s
}
