package sim

// valid checks what an object refers to, then its kind's own rules.
func (w *World) valid(k *kind, o *Object) error {
	for _, r := range k.refs {
		for _, value := range textsAt(o.Props, r.path) {
			if w.findBy(r.to, o.Region, r.by, value) == nil {
				return r.missing(value)
			}
		}
	}
	if k.check != nil {
		return k.check(w, o)
	}
	return nil
}

// taken tells whether another object has what must be unique.
func (w *World) taken(k *kind, o *Object) bool {
	value := o.text(k.unique.prop)
	return value != "" && w.findBy(o.Type, o.Region, k.unique.prop, value) != nil
}

// user finds an object that refers to this one and stands in the way of its
// deletion.
func (w *World) user(o *Object) *Object {
	users := w.where(func(other *Object) bool {
		k := kinds[other.Type]
		if k == nil || place(o.Type, o.Region) != place(o.Type, other.Region) {
			return false
		}
		for _, r := range k.refs {
			if r.to != o.Type || r.loose {
				continue
			}
			for _, value := range textsAt(other.Props, r.path) {
				if value == propOf(o, r.by) {
					return true
				}
			}
		}
		return false
	})
	if len(users) == 0 {
		return nil
	}
	return users[0]
}
