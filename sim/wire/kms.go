package wire

import (
	"encoding/base64"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var kmsOperations = map[string]operation{
	"CreateKey":            onKey(createKey, "Description", "Tags"),
	"DescribeKey":          onKey(describeKey, "KeyId"),
	"ListKeys":             onKey(listKeys, "Limit"),
	"EnableKeyRotation":    onKey(enableRotation, "KeyId"),
	"GetKeyRotationStatus": onKey(rotationStatus, "KeyId"),
	"CreateAlias":          onKey(createAlias, "AliasName", "TargetKeyId"),
	"ListAliases":          onKey(listAliases, "KeyId", "Limit"),
	"Encrypt":              onKey(encrypt, "KeyId", "Plaintext", "EncryptionContext", "EncryptionAlgorithm"),
	"ListGrants":           onKey(listGrants, "KeyId", "GranteePrincipal"),
	"GetKeyPolicy":         onKey(keyPolicy, "KeyId"),
	"Decrypt":              onKey(decrypt, "KeyId", "CiphertextBlob", "EncryptionContext", "EncryptionAlgorithm"),
}

// onKey refuses parameters that an operation doesn't look at.
func onKey(serve func(request) (any, error), known ...string) operation {
	return operation{
		subject: func(in input) string { return in.member("KeyId") + in.member("AliasName") },
		serve: func(r request) (any, error) {
			for name := range r.in.json {
				if !strings.Contains(" "+strings.Join(known, " ")+" ", " "+name+" ") {
					return nil, unmodelled("parameter %s of %s is not modelled by the simulator", name, r.operation)
				}
			}
			return serve(r)
		},
	}
}

// member is a text in JSON.
func (in input) member(name string) string {
	s, _ := in.json[name].(string)
	return s
}

type answer = map[string]any

func keyMetadata(k sim.Key) answer {
	state := "Enabled"
	if !k.Enabled {
		state = "Disabled"
	}
	return answer{"KeyMetadata": answer{
		"AWSAccountId": strings.Split(k.ARN, ":")[4], "KeyId": k.ID, "Arn": k.ARN, "Description": k.Description, "Enabled": k.Enabled, "KeyState": state,
		"KeyManager": "CUSTOMER", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "CreationDate": k.Created.Unix(),
	}}
}

func createKey(r request) (any, error) {
	tags := map[string]any{}
	given, _ := r.in.json["Tags"].([]any)
	for _, tag := range given {
		key, _ := tag.(map[string]any)["TagKey"].(string)
		tags[key] = tag.(map[string]any)["TagValue"]
	}
	k, err := r.world.CreateKey(r.region, r.in.member("Description"), tags)
	if err != nil {
		return nil, err
	}
	return keyMetadata(k), nil
}

func describeKey(r request) (any, error) {
	k, err := r.world.Key(r.region, r.in.member("KeyId"))
	if err != nil {
		return nil, err
	}
	return keyMetadata(k), nil
}

func listKeys(r request) (any, error) {
	keys := []answer{}
	for _, k := range r.world.Keys(r.region) {
		keys = append(keys, answer{"KeyId": k.ID, "KeyArn": k.ARN})
	}
	return answer{"Keys": keys, "Truncated": false}, nil
}

func enableRotation(r request) (any, error) {
	return answer{}, r.world.RotateKey(r.region, r.in.member("KeyId"))
}

func rotationStatus(r request) (any, error) {
	k, err := r.world.Key(r.region, r.in.member("KeyId"))
	if err != nil {
		return nil, err
	}
	return answer{"KeyRotationEnabled": k.Rotates, "KeyId": k.ARN}, nil
}

func listGrants(r request) (any, error) {
	k, err := r.world.Key(r.region, r.in.member("KeyId"))
	if err != nil {
		return nil, err
	}
	grants := []answer{}
	for _, grantee := range r.world.Grantees(k.ARN) {
		if wanted := r.in.member("GranteePrincipal"); wanted == "" || wanted == grantee {
			grants = append(grants, answer{"KeyId": k.ARN, "GranteePrincipal": grantee})
		}
	}
	return answer{"Grants": grants, "Truncated": false}, nil
}

func keyPolicy(r request) (any, error) {
	k, err := r.world.Key(r.region, r.in.member("KeyId"))
	if err != nil {
		return nil, err
	}
	return answer{"Policy": k.Policy, "PolicyName": "default"}, nil
}

func createAlias(r request) (any, error) {
	return answer{}, r.world.CreateAlias(r.region, r.in.member("AliasName"), r.in.member("TargetKeyId"))
}

func listAliases(r request) (any, error) {
	found, err := r.world.Aliases(r.region, r.in.member("KeyId"))
	if err != nil {
		return nil, err
	}
	aliases := []answer{}
	for _, a := range found {
		aliases = append(aliases, answer{"AliasName": a.Name, "AliasArn": a.ARN, "TargetKeyId": a.Target})
	}
	return answer{"Aliases": aliases, "Truncated": false}, nil
}

// secret reads a blob and the context that it is bound to.
func secret(r request, name string) (blob []byte, bound map[string]string, err error) {
	if algorithm := r.in.member("EncryptionAlgorithm"); algorithm != "" && algorithm != "SYMMETRIC_DEFAULT" {
		return nil, nil, unmodelled("the algorithm %s is not modelled by the simulator", algorithm)
	}
	if blob, err = base64.StdEncoding.DecodeString(r.in.member(name)); err != nil {
		return nil, nil, &sim.Error{Status: 400, Code: "SerializationException", Message: name + " is not base64"}
	}
	given, _ := r.in.json["EncryptionContext"].(map[string]any)
	for key, value := range given {
		if bound == nil {
			bound = map[string]string{}
		}
		bound[key], _ = value.(string)
	}
	return blob, bound, nil
}

func encrypt(r request) (any, error) {
	plaintext, bound, err := secret(r, "Plaintext")
	if err != nil {
		return nil, err
	}
	ciphertext, k, err := r.world.Encrypt(r.region, r.in.member("KeyId"), plaintext, bound)
	if err != nil {
		return nil, err
	}
	return answer{"CiphertextBlob": ciphertext, "KeyId": k.ARN, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, nil
}

func decrypt(r request) (any, error) {
	ciphertext, bound, err := secret(r, "CiphertextBlob")
	if err != nil {
		return nil, err
	}
	plaintext, k, err := r.world.Decrypt(r.region, r.in.member("KeyId"), ciphertext, bound)
	if err != nil {
		return nil, err
	}
	return answer{"Plaintext": plaintext, "KeyId": k.ARN, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, nil
}
