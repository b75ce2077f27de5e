package sim

import "slices"

// Operations are those that a resource provider asks for, by service.
func Operations() map[string][]string {
	asked := map[string][]string{"rds": {"CreateDBInstanceReadReplica", "RestoreDBInstanceFromDBSnapshot"}} // see databaseTakes
	asked["autoscaling"] = []string{"CancelInstanceRefresh", "StartInstanceRefresh"}                        // see startRefresh
	asked["elasticloadbalancing"] = []string{"DescribeAccountLimits"}                                       // see QuotaOf
	for _, k := range kinds {
		for _, operation := range []string{k.create, k.update, k.delete} {
			if operation != "" && !slices.Contains(asked[k.service], operation) {
				asked[k.service] = append(asked[k.service], operation)
			}
		}
	}
	return asked
}
