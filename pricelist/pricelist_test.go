package pricelist

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

var day = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)

// TestRead asks the simulated API, by the real client, for every price that it has.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, partition := range [][]string{{"us-east-1", "us-east-2", "us-west-2"}, {"cn-north-1", "cn-northwest-1"}} {
		items, want := map[string][]price.Item{}, price.Table{}
		for _, region := range partition {
			for item, p := range price.BuiltIn()[region] {
				items[region] = append(items[region], item)
				want.Set(region, item, price.Price{Amount: p.Amount, Source: "AWS Price List API", Date: "2026-11-29"})
			}
		}
		face := wire.NewFace(sim.New(1))
		t.Cleanup(face.Close)
		got, err := Read(t.Context(), face.Config(price.ListRegion(partition[0])), items, day)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestReadUnknown(t *testing.T) {
	t.Parallel()
	face := wire.NewFace(sim.New(1))
	t.Cleanup(face.Close)
	got, err := Read(t.Context(), face.Config("us-east-1"), map[string][]price.Item{"us-east-1": {"db.m99.large"}}, day)
	require.NoError(t, err)
	assert.Empty(t, got)

	_, err = Read(t.Context(), face.Config("us-west-2"), map[string][]price.Item{"us-west-2": {price.Secret}}, day)
	assert.ErrorContains(t, err, "asking AWS for the price of secret in us-west-2: ", "the API is in few regions")
}

// answers is an HTTP client that says the same to everybody.
type answers string

func (a answers) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

// TestReadSeveral holds that an item of which AWS names several prices has none.
func TestReadSeveral(t *testing.T) {
	t.Parallel()
	list := func(amounts ...string) string {
		var products []string
		for _, amount := range amounts {
			products = append(products, `{"terms": {"OnDemand": {"T": {"priceDimensions": {"D": {"beginRange": "0", "pricePerUnit": {"USD": "`+amount+`"}}}}}}}`)
		}
		text, err := json.Marshal(map[string]any{"PriceList": products})
		require.NoError(t, err)
		return string(text)
	}
	for answer, want := range map[string]price.Table{
		list("0.4"):        {"us-east-1": {price.Secret: {Amount: 0.4, Source: "AWS Price List API", Date: "2026-11-29"}}},
		list("0.4", "0.4"): {"us-east-1": {price.Secret: {Amount: 0.4, Source: "AWS Price List API", Date: "2026-11-29"}}},
		list("0.4", "0.5"): {},
		list():             {},
	} {
		got, err := Read(t.Context(), wire.Config("us-east-1", answers(answer)), map[string][]price.Item{"us-east-1": {price.Secret}}, day)
		require.NoError(t, err)
		assert.Equal(t, want, got, answer)
	}
	_, err := Read(t.Context(), wire.Config("us-east-1", answers(`{"PriceList": ["not JSON"]}`)), map[string][]price.Item{"us-east-1": {price.Secret}}, day)
	assert.ErrorContains(t, err, "asking AWS for the price of secret in us-east-1: reading a product: ")
}
