package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pilotlight-dr/pilotlight/price"
)

// pricingOperations serve the built-in table of prices as the Price List API does.
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
var pricingOperations = map[string]operation{
	"GetProducts": {func(in input) string { return in.member("ServiceCode") }, getProducts},
}

// usagePrefixes begin the usage types of regions. The others have theirs, which no test asks for.
var usagePrefixes = map[string]string{"us-east-1": "", "us-east-2": "USE2-", "us-west-2": "USW2-", "cn-north-1": "CNN1-", "cn-northwest-1": "CNW1-"}

// getProducts finds the items whose own query these filters are. Any other finds nothing, as in AWS.
func getProducts(r request) (any, error) {
	if r.region != price.ListRegion(r.region) {
		return nil, unmodelled("the Price List API is not in %s", r.region)
	}
	asked, err := filtersOf(r.in)
	if err != nil {
		return nil, err
	}
	list := []string{}
	for region, prices := range price.BuiltIn() {
		for item, p := range prices {
			q := item.Query(region)
			if q.Service == r.in.member("ServiceCode") && maps.Equal(q.Attributes, asked.equal) && (!q.ByUsage() || asked.usage == q.Usage) && price.ListRegion(region) == r.region {
				list = append(list, productsOf(region, item, p)...)
			}
		}
	}
	slices.Sort(list)
	return answer{"FormatVersion": "aws_v1", "PriceList": list}, nil
}

type productFilters struct {
	equal map[string]string
	usage string // which the usage type contains
}

func filtersOf(in input) (f productFilters, err error) {
	f.equal = map[string]string{}
	list, _ := in.json["Filters"].([]any)
	for _, of := range list {
		one, _ := of.(map[string]any)
		kind, field, value := fmt.Sprint(one["Type"]), fmt.Sprint(one["Field"]), fmt.Sprint(one["Value"])
		switch {
		case kind == "TERM_MATCH":
			f.equal[field] = value
		case kind == "CONTAINS" && field == "usagetype":
			f.usage = value
		default:
			return f, unmodelled("GetProducts by %s of %s is not modelled by the simulator", kind, field)
		}
	}
	return f, nil
}

// productsOf is an item as the API writes it: with what a reservation pays for and the price of large
// quantities beside its own, and, of what a query tells apart by the usage type alone, two other products: such as what
// USW2-LoadBalancerUsage and USW2-TS-LoadBalancerUsage are.
func productsOf(region string, item price.Item, p price.Price) []string {
	q := item.Query(region)
	prefix := usagePrefixes[region]
	if item == price.Key {
		prefix = region + "-"
	}
	products := []string{productOf(q, prefix+q.Usage, region, p.Amount)}
	if q.Usage != "" {
		products = append(products, productOf(q, prefix+q.Usage+"-Other", region, 7*p.Amount), productOf(q, prefix+"TS-"+q.Usage, region, 9*p.Amount))
	}
	return products
}

func productOf(q price.Query, usage, region string, amount float64) string {
	dimension := func(description, begin string, amount float64) answer {
		return answer{"description": description, "beginRange": begin, "pricePerUnit": answer{price.Currency(region): strconv.FormatFloat(amount, 'f', 10, 64)}}
	}
	attributes := maps.Clone(q.Attributes)
	attributes["usagetype"] = usage
	text, _ := json.Marshal(answer{ // which has nothing that JSON has not
		"product": answer{"attributes": attributes}, "serviceCode": q.Service,
		"terms": answer{"OnDemand": answer{"T": answer{"priceDimensions": answer{
			"T.1": dimension("on demand", "0", amount), "T.2": dimension("on demand", "51200", amount/2), "T.3": dimension("reserved instance applied", "0", 0),
		}}}},
	})
	return string(text)
}
