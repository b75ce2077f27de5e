// Package rdsstorage knows how the storage of an RDS database grows by itself
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html).
package rdsstorage

// Most is the most that RDS for MySQL allocates to a database, in GiB.
const Most = 65536

// Striped is from where RDS spreads gp3 storage of a MySQL database over several volumes, in GiB. Then it has more IOPS, 12000 or
// more in place of 3000, and a growth has to name them; below, RDS takes none
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage).
const Striped = 400

// Takes reports whether RDS takes a ceiling for a database of allocated GiB: it is at least a tenth above.
func Takes(allocated, ceiling int) bool { return ceiling*10 >= allocated*11 && ceiling <= Most }

// LeastCeiling is the lowest ceiling, in GiB, under which storage of allocated GiB grows. RDS adds 10 GiB, or a tenth if
// that is more, and adds nothing where that would reach the ceiling.
func LeastCeiling(allocated int) int { return allocated + max(10, (allocated+9)/10) + 1 }

// Reach is up to where storage of allocated GiB grows by itself under a ceiling: RDS takes the last step to the ceiling
// itself. A ceiling of 0 is none, and such storage stays as it is.
func Reach(allocated, ceiling int) int {
	if ceiling < LeastCeiling(allocated) {
		return allocated
	}
	return ceiling
}
