package sim

import (
	"encoding/json"
)

const (
	keyType   = "aws:kms/key:Key"
	aliasType = "aws:kms/alias:Alias"
)

func keyKinds() map[string]*kind {
	return map[string]*kind{
		keyType: {
			service: "kms", sdk: "KMS", noun: "KMS Key", create: "CreateKey", update: "UpdateKeyDescription", delete: "ScheduleKeyDeletion",
			id: func(w *World, o *Object) string { return w.requestID(o.Region, o.Type, o.Name, w.madeID(o, 8)) },
			check: func(_ *World, o *Object) error {
				if policy := o.text("policy"); policy != "" && !json.Valid([]byte(policy)) {
					return refuse("MalformedPolicyDocumentException", "The new key policy is not valid JSON.")
				}
				return nil
			},
			made: func(_ *World, o *Object) { o.fill(map[string]any{"arn": arn("kms", o, "key/"+o.ID), "keyId": o.ID}) },
			defaults: map[string]any{
				"isEnabled": true, "enableKeyRotation": false, "keyUsage": "ENCRYPT_DECRYPT", "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
				"multiRegion": false,
			},
		},
		aliasType: {
			service: "kms", sdk: "KMS", noun: "KMS Alias", create: "CreateAlias", update: "UpdateAlias", delete: "DeleteAlias",
			id: named("name"),
			check: func(w *World, o *Object) error {
				if w.keyNamed(o.Region, o.text("targetKeyId")) == nil {
					return refuse("NotFoundException", "Key '%s' does not exist", o.text("targetKeyId"))
				}
				return nil
			},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("AlreadyExistsException", "An alias with the name %s already exists", arn("kms", o, o.text("name")))
			}},
			made: func(w *World, o *Object) {
				o.fill(map[string]any{"arn": arn("kms", o, o.text("name"))})
				o.Props["targetKeyArn"] = w.keyNamed(o.Region, o.text("targetKeyId")).text("arn")
			},
		},
	}
}

// keyNamed finds a key by its id or its ARN.
func (w *World) keyNamed(region, name string) *Object {
	if o := w.find(keyType, region, name); o != nil {
		return o
	}
	return w.findBy(keyType, region, "arn", name)
}
