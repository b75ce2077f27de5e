package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// volatile outputs change with any update, so that a preview cannot know them.
var volatile = map[string][]resource.PropertyKey{
	"aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion"},
	"aws:ssm/parameter:Parameter":           {"version"},
}

// Check completes and judges a resource's inputs.
func (p *provider) Check(ctx context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	typ := string(req.Type)
	c, s, err := p.open(ctx, typ)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	news := req.News.Copy()
	delete(news, defaultsKey)
	c.tagged(s, news)
	check := &checker{resource: req.Name}
	check.object("", s.Inputs, s.Required, news)
	if len(check.failures) == 0 {
		fillIn(s, news)
	}
	if err := autoname(typ, req.Name, p.world.NameSeed(c.region, typ, req.Name), req.Olds, news); err != nil {
		check.failures = append(check.failures, plugin.CheckFailure{Reason: err.Error()})
	}
	return plugin.CheckResponse{Properties: news, Failures: check.failures}, nil
}

// Diff compares inputs by the table.
func (p *provider) Diff(ctx context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	_, _, err := p.open(ctx, string(req.Type))
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	return diff(string(req.Type), known(req.OldInputs, req.OldOutputs, req.NewInputs), req.NewInputs), nil
}

// Create makes a resource in the world; a preview only shows what is known.
func (p *provider) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	c, s, err := p.open(ctx, string(req.Type))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if req.Preview {
		return plugin.CreateResponse{Properties: foreseen(s, req.Properties)}, nil
	}
	made, err := p.world.Create(ctx, sim.Call{
		Region: c.region, Type: string(req.Type), Name: req.Name, Inputs: plainMap(req.Properties), Limit: seconds(req.Timeout),
	})
	if err != nil && made.ID != "" {
		return plugin.CreateResponse{}, unfinished(made.ID, complete(s, shown(s, made.Props, req.Properties)), err)
	}
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	return plugin.CreateResponse{ID: resource.ID(made.ID), Properties: complete(s, shown(s, made.Props, req.Properties))}, nil
}

// seconds is a timeout of the engine's.
func seconds(timeout float64) time.Duration { return time.Duration(timeout * float64(time.Second)) }

// unfinished is the error of a creation that AWS accepted and whose end was not seen,
// and of any update. The engine keeps the outputs in the state, as it does with the
// real provider.
func unfinished(id string, outputs resource.PropertyMap, why error) error {
	properties, err := plugin.MarshalProperties(outputs, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return errors.Join(why, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, why.Error()),
		&pulumirpc.ErrorResourceInitFailed{Id: id, Properties: properties, Reasons: []string{why.Error()}})
}

// Update changes a resource in the world.
func (p *provider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	c, s, err := p.open(ctx, string(req.Type))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if req.Preview {
		return plugin.UpdateResponse{Properties: foreseenUpdate(s, req)}, nil
	}
	olds := known(req.OldInputs, req.OldOutputs, req.NewInputs)
	if diff(string(req.Type), olds, req.NewInputs).Changes == plugin.DiffNone {
		return p.reread(ctx, c, s, req)
	}
	changed, err := p.world.Update(ctx, sim.Call{
		Region: c.region, Type: string(req.Type), Name: req.Name, ID: string(req.ID),
		Inputs: plainMap(req.NewInputs), Old: plainMap(olds), State: plainMap(req.OldOutputs), Limit: seconds(req.Timeout),
	})
	if err != nil {
		return plugin.UpdateResponse{}, unfinished(string(req.ID), failed(req.OldOutputs, req.OldInputs, req.NewInputs), err)
	}
	return plugin.UpdateResponse{Properties: complete(s, shown(s, changed.Props, req.NewInputs))}, nil
}

// reread is an update that has nothing to do, and shows the resource as it is.
func (p *provider) reread(ctx context.Context, c *connection, s *resourceSchema, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	o, found, err := p.world.Read(ctx, sim.Call{Region: c.region, Type: string(req.Type), Name: req.Name, ID: string(req.ID)})
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if !found {
		return plugin.UpdateResponse{}, fmt.Errorf("%s: couldn't find resource; run `pulumi refresh`", req.ID)
	}
	return plugin.UpdateResponse{Properties: complete(s, shown(s, o.Props, req.NewInputs))}, nil
}

// foreseenUpdate keeps what AWS had worked out.
func foreseenUpdate(s *resourceSchema, req plugin.UpdateRequest) resource.PropertyMap {
	out := req.OldOutputs.Copy()
	for key := range req.OldInputs {
		delete(out, key)
	}
	for key, v := range req.NewInputs {
		out[key] = v
	}
	delete(out, defaultsKey)
	if _, ok := s.Outputs["tagsAll"]; ok {
		if tags, tagged := out["tags"]; tagged {
			out["tagsAll"] = tags
		}
	}
	for _, key := range volatile[string(req.Type)] {
		out[key] = resource.MakeComputed(resource.NewProperty(""))
	}
	return out
}

// Read shows a resource as it is, for a refresh, an import or a Get.
func (p *provider) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	c, s, err := p.open(ctx, string(req.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	o, found, err := p.world.Read(ctx, sim.Call{Region: c.region, Type: string(req.Type), Name: req.Name, ID: string(req.ID)})
	if err != nil || !found {
		return plugin.ReadResponse{}, err
	}
	outputs := shown(s, o.Props, req.Inputs)
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{
		ID: resource.ID(o.ID), Inputs: inputsNow(s, req, outputs), Outputs: complete(s, outputs),
	}}, nil
}

// inputsNow recomputes the inputs in the state from what is there; what is gone
// is dropped, and what AWS worked out is no input. An import has no state yet, and
// takes all.
func inputsNow(s *resourceSchema, req plugin.ReadRequest, outputs resource.PropertyMap) resource.PropertyMap {
	now := resource.PropertyMap{}
	for name, p := range s.Inputs {
		key := resource.PropertyKey(name)
		v, there := outputs[key]
		switch had, given := req.Inputs[key]; {
		case there && given:
			now[key] = p.among(v, had)
		case there && len(req.State) == 0:
			now[key] = v
		}
	}
	if made, ok := req.Inputs[defaultsKey]; ok {
		now[defaultsKey] = made
	}
	return now
}

// among is a value now, without the fields that its objects did not have before.
func (p property) among(now, before resource.PropertyValue) resource.PropertyValue {
	was, _ := bare(before)
	switch o := p.object(); {
	case now.IsObject() && was.IsObject() && o != nil:
		fields := resource.PropertyMap{}
		for key, v := range now.ObjectValue() {
			if had, given := was.ObjectValue()[key]; given {
				fields[key] = o.Properties[string(key)].among(v, had)
			}
		}
		return resource.NewProperty(fields)
	case now.IsArray() && was.IsArray() && len(now.ArrayValue()) == len(was.ArrayValue()):
		list := make([]resource.PropertyValue, len(now.ArrayValue()))
		for i, item := range now.ArrayValue() {
			list[i] = p.element().among(item, was.ArrayValue()[i])
		}
		return resource.NewProperty(list)
	}
	return now
}

// Delete removes a resource from the world.
func (p *provider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	c, _, err := p.open(ctx, string(req.Type))
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	return plugin.DeleteResponse{}, p.world.Delete(ctx, sim.Call{
		Region: c.region, Type: string(req.Type), Name: req.Name, ID: string(req.ID), Limit: seconds(req.Timeout),
	})
}
