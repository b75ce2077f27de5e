package cost

// Difference is what a change of the files does to an amount of a bill.
type Difference struct {
	What string `json:"what"`
	Base Sum    `json:"base"` // of the base branch
	Now  Sum    `json:"now"`
}

// Compare is what differs between two bills of a site: by part of each stack, and the last of both
// stacks. It returns an empty list where nothing differs.
func Compare(base, now Bill) []Difference {
	changed := []Difference{}
	was, is := base.parts(), now.parts()
	for _, what := range append(is.order, was.order...) {
		if _, again := is.seen[what]; again {
			continue
		}
		is.seen[what] = true
		if was.sums[what] != is.sums[what] {
			changed = append(changed, Difference{what, was.sums[what], is.sums[what]})
		}
	}
	if len(changed) > 0 {
		changed = append(changed, Difference{"both stacks", base.Sum, now.Sum})
	}
	return changed
}

// partSums are the sums of the parts of each stack, in the order of the bill.
type partSums struct {
	order []string
	sums  map[string]Sum
	seen  map[string]bool
}

func (b Bill) parts() partSums {
	p := partSums{sums: map[string]Sum{}, seen: map[string]bool{}}
	for _, s := range b.Stacks {
		for _, line := range s.Lines {
			what := s.Stack + ": " + string(line.Part)
			if _, known := p.sums[what]; !known {
				p.order = append(p.order, what)
			}
			p.sums[what] = p.sums[what].add(line.Sum)
		}
	}
	return p
}
