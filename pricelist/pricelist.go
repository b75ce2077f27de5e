// Package pricelist reads prices from AWS's Price List API.
package pricelist

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/pricing/types"

	"github.com/pilotlight-dr/pilotlight/price"
)

// limit is how long AWS may take for all prices of a site, which are some dozens of calls.
const limit = 2 * time.Minute

// Read asks for the prices of items by region, all of one partition. The clients of cfg have to be for
// price.ListRegion of it. What AWS names no price of, or more than one, is not in the table.
func Read(ctx context.Context, cfg aws.Config, items map[string][]price.Item, now time.Time) (price.Table, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	client, table := pricing.NewFromConfig(cfg), price.Table{}
	for region, list := range items {
		for _, item := range list {
			amounts, err := ask(ctx, client, item.Query(region), price.Currency(region))
			if err != nil {
				return nil, fmt.Errorf("asking AWS for the price of %s in %s: %w", item, region, err)
			}
			if len(amounts) == 1 {
				table.Set(region, item, price.Price{Amount: amounts[0], Source: "AWS Price List API", Date: now.UTC().Format(time.DateOnly)})
			}
		}
	}
	return table, nil
}

// pages bounds the answer to a query: every one that is asked here has a few products.
const pages = 10

// ask returns the prices of the products that a query finds, each once.
func ask(ctx context.Context, client *pricing.Client, q price.Query, currency string) (amounts []float64, err error) {
	in := &pricing.GetProductsInput{ServiceCode: &q.Service, FormatVersion: aws.String("aws_v1")}
	for name, value := range q.Attributes {
		in.Filters = append(in.Filters, filter(types.FilterTypeTermMatch, name, value))
	}
	if q.ByUsage() {
		in.Filters = append(in.Filters, filter(types.FilterTypeContains, "usagetype", q.Usage))
	}
	found := pricing.NewGetProductsPaginator(client, in)
	for range pages {
		if !found.HasMorePages() {
			break
		}
		page, err := found.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, text := range page.PriceList {
			var p product
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				return nil, fmt.Errorf("reading a product: %w", err)
			}
			if q.Is(p.Product.Attributes["usagetype"]) {
				amounts = append(amounts, p.amounts(currency)...)
			}
		}
	}
	slices.Sort(amounts)
	return slices.Compact(amounts), nil
}

func filter(kind types.FilterType, name, value string) types.Filter {
	return types.Filter{Type: kind, Field: aws.String(name), Value: aws.String(value)}
}

// product is one of the API's answer, as far as it is looked at.
type product struct {
	Product struct {
		Attributes map[string]string `json:"attributes"`
	} `json:"product"`
	Terms struct {
		OnDemand map[string]struct {
			Dimensions map[string]struct {
				Begin   string            `json:"beginRange"`
				PerUnit map[string]string `json:"pricePerUnit"`
			} `json:"priceDimensions"`
		} `json:"OnDemand"`
	} `json:"terms"`
}

// amounts are its prices on demand. Where it is cheaper by quantity, that of the first unit counts; what a
// reservation pays for is in the list, too, for nothing.
func (p product) amounts(currency string) (amounts []float64) {
	for _, term := range p.Terms.OnDemand {
		for _, d := range term.Dimensions {
			amount, err := strconv.ParseFloat(d.PerUnit[currency], 64)
			first := d.Begin == "" || d.Begin == "0"
			if err == nil && first && amount > 0 {
				amounts = append(amounts, amount)
			}
		}
	}
	return amounts
}
