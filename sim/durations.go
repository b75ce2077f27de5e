package sim

import (
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/pilotlight-dr/pilotlight/estimate"
)

// Duration is how long an operation ("rds:PromoteReadReplica") on a name takes
// in a region: drawn by hashing, so that it depends on nothing but its
// arguments, the world's seed, and a fault that slows it down.
func (w *World) Duration(region, operation, name string) time.Duration {
	took := estimate.Usual(operation).At(w.draw(region, operation, name))
	if slow, ok := (*w.slow.Load())[operation]; ok {
		slow.met.Store(true)
		took *= time.Duration(slow.factor)
	}
	return took
}

// Redraw draws all durations anew. Ids stay those of the world's seed. It is for a world that
// is not used yet.
func (w *World) Redraw(luck uint64) { w.luck = luck }

// draw is a number from 0 up to 1 that depends on the seed and the words.
func (w *World) draw(words ...string) float64 {
	if w.luck != 0 {
		words = append([]string{strconv.FormatUint(w.luck, 10)}, words...)
	}
	return float64(w.hash(words...)>>11) / (1 << 53)
}

func (w *World) hash(words ...string) uint64 {
	h := fnv.New64a()
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], w.seed)
	h.Write(seed[:])
	for _, word := range words {
		h.Write([]byte(word))
		h.Write([]byte{0})
	}
	return mix(h.Sum64())
}

// mix spreads the bits, which FNV leaves close together for close words
// (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
