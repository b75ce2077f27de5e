package sim

import "slices"

// valid checks what an object refers to, its name, then its kind's own rules.
func (w *World) valid(k *kind, o *Object) error {
	for _, r := range k.refs {
		for _, value := range textsAt(o.Props, r.path) {
			if w.findBy(r.to, o.Region, r.by, value) == nil {
				return r.missing(value)
			}
		}
	}
	if err := wellNamed(o); err != nil {
		return err
	}
	if k.check != nil {
		return k.check(w, o)
	}
	return nil
}

// taken reports whether another object has what must be unique.
func (w *World) taken(k *kind, o *Object) bool {
	value := o.text(k.unique.prop)
	return value != "" && w.findBy(o.Type, o.Region, k.unique.prop, value) != nil
}

// user finds an object that refers to this one and stands in the way of its
// deletion.
func (w *World) user(o *Object) *Object {
	users := w.referring(o, func(r ref) bool { return !r.loose && !r.goes })
	if len(users) == 0 {
		return nil
	}
	return users[0]
}

// dropWith drops an object, and what goes with it.
func (w *World) dropWith(o *Object) {
	for _, other := range w.referring(o, func(r ref) bool { return r.goes }) {
		w.drop(other)
	}
	w.drop(o)
}

// referring are the objects that refer to this one in such a way.
func (w *World) referring(o *Object, so func(ref) bool) []*Object {
	return w.where(func(other *Object) bool {
		k := kinds[other.Type]
		if k == nil || place(o.Type, o.Region) != place(o.Type, other.Region) {
			return false
		}
		for _, r := range k.refs {
			if r.to == o.Type && so(r) && slices.Contains(textsAt(other.Props, r.path), propOf(o, r.by)) {
				return true
			}
		}
		return false
	})
}
