package sim

// QuotaUsed is the name by which a fault knows a quota of the account, and how much of it is in use in a region; of one
// that is counted by zone, in that zone. All vCPUs count as those of standard instances here.
func (w *World) QuotaUsed(region, service, code, zone string) (name string, used int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	q, err := findQuota(service, code)
	if err != nil {
		return "", 0, err
	}
	if q.counts != "" {
		return q.name, w.used(q, region, zone), nil
	}
	for _, group := range w.all(scalingType, region) {
		for _, m := range group.launched() {
			used += m.vcpus()
		}
	}
	return q.name, used, nil
}
