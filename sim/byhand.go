package sim

// ByHand shows what there is to somebody who changes it in the console: nothing is checked, no
// caller waits, and no engine knows of it. What change returns false for is no more.
func (w *World) ByHand(change func(*Object) (keep bool)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.freezeReplicaRows()
	w.launchAll()
	for _, o := range w.where(func(*Object) bool { return true }) {
		if !change(o) {
			w.drop(o)
		}
	}
}
