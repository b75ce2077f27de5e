package sim

import "time"

const (
	secretType  = "aws:secretsmanager/secret:Secret"
	versionType = "aws:secretsmanager/secretVersion:SecretVersion"
	// retiredSecret keeps the name of a deleted secret until its recovery window is over.
	retiredSecret = "retired secret"
)

func secretKinds() map[string]*kind {
	return map[string]*kind{
		secretType: {
			service: "secretsmanager", sdk: "Secrets Manager", noun: "Secrets Manager Secret",
			create: "CreateSecret", update: "UpdateSecret", delete: "DeleteSecret",
			id: func(w *World, o *Object) string {
				return arn("secretsmanager", o, "secret:"+o.text("name")+"-"+w.madeID(o, 6))
			},
			check: func(w *World, o *Object) error {
				old := w.find(retiredSecret, o.Region, o.text("name"))
				if o.ID == "" && old != nil && !old.past("gone", w.clock.Now()) {
					return refuse("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
				}
				return nil
			},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("ResourceExistsException", "The operation failed because the secret %s already exists.", o.text("name"))
			}},
			made:     func(_ *World, o *Object) { o.fill(map[string]any{"arn": o.ID}) },
			removed:  retireSecret,
			defaults: map[string]any{"recoveryWindowInDays": 30.0, "forceOverwriteReplicaSecret": false},
		},
		versionType: {
			service: "secretsmanager", sdk: "Secrets Manager", noun: "Secrets Manager Secret Version",
			create: "PutSecretValue", update: "UpdateSecretVersionStage", delete: "UpdateSecretVersionStage",
			id: func(w *World, o *Object) string {
				return o.text("secretId") + "|terraform-" + w.madeID(o, 26)
			},
			refs: []ref{{path: "secretId", to: secretType, by: "id", goes: true, missing: func(string) error {
				return refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
			}}},
			made: madeVersion,
		},
	}
}

// madeVersion makes a version of a secret the current one.
func madeVersion(w *World, o *Object) {
	o.fill(map[string]any{"arn": o.text("secretId"), "versionStages": []any{"AWSCURRENT"}, "versionId": o.ID[len(o.text("secretId"))+1:]})
	if _, there := o.Times["made"]; there {
		return
	}
	o.setTime("made", w.clock.Now())
	secret, last := w.find(secretType, o.Region, o.text("secretId")), w.currentVersion(o.Region, o.text("secretId"))
	if secret != nil && last != nil {
		secret.Former = append(secret.Former, Former{last.text("secretString"), w.clock.Now()})
	}
}

// SecretARN is the ARN of a secret, by that or by its name.
func (w *World) SecretARN(region, nameOrARN string) (arn string, found bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(secretType, region) {
		if o.ID == nameOrARN || o.text("name") == nameOrARN {
			return o.ID, true
		}
	}
	return "", false
}

// currentVersion is the last that was made of a secret's versions; nil for none.
func (w *World) currentVersion(region, arn string) (current *Object) {
	for _, o := range w.all(versionType, region) {
		if o.text("secretId") == arn && (current == nil || o.Times["made"].After(current.Times["made"])) {
			current = o
		}
	}
	return current
}

// secretAt is a secret's value at a time that is over; empty when there was none.
func (w *World) secretAt(region, arn string, at time.Time) string {
	secret, current := w.find(secretType, region, arn), w.currentVersion(region, arn)
	if secret == nil || current == nil {
		return ""
	}
	for _, f := range secret.Former {
		if at.Before(f.Until) {
			return f.Value
		}
	}
	return current.text("secretString")
}

func retireSecret(w *World, o *Object) error {
	days := o.number("recoveryWindowInDays")
	if days == 0 {
		return nil
	}
	retired := &Object{Type: retiredSecret, Region: o.Region, ID: o.text("name"), Name: o.Name, Props: map[string]any{}}
	retired.setTime("gone", w.clock.Now().AddDate(0, 0, days))
	w.put(retired)
	return nil
}

// SecretValue is what GetSecretValue finds of a secret, by its ARN.
func (w *World) SecretValue(region, arn string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	version := w.currentVersion(region, arn)
	if version == nil || w.find(secretType, region, arn) == nil {
		return "", refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return version.text("secretString"), nil
}
