package cost

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/price"
)

// UsageFile is the file of a project that holds its Usage, if there is one.
const UsageFile = "cost.yaml"

// Usage is what the stacks' files do not tell of a bill. The keys of its file are the yaml tags.
type Usage struct {
	// MediaGiB is the size of the media library. It is in both buckets.
	MediaGiB float64 `yaml:"mediaGiB"`
	// TransferGiBYear is what is copied to the other region in a year: media, and the changes of the database.
	TransferGiBYear float64 `yaml:"transferGiBYear"`
	// LogGiBMonth is what the instances that serve log in a month; 0 is half a GiB for each of app.min.
	LogGiBMonth float64 `yaml:"logGiBMonth"`
	// DrillHours is how long the copy of a drill is there; 0 is two hours.
	DrillHours float64 `yaml:"drillHours"`
	// Tax is the share that is added, such as 0.06; nil is 0.06 in China, and none elsewhere.
	Tax *float64 `yaml:"tax"`
	// Prices are the site's own, such as reserved ones. They go before those of the table and of AWS.
	Prices []OwnPrice `yaml:"prices"`
}

// OwnPrice is what a site pays for an item in a region.
type OwnPrice struct {
	Region string     `yaml:"region"`
	Item   price.Item `yaml:"item"`
	Price  float64    `yaml:"price"`
	// Per is what it is the price of: a year, a month, or empty for the unit of the item.
	Per    string `yaml:"per"`
	Source string `yaml:"source"`
}

// standardDrill is how many hours a drill's copy is there: most of one goes by until it serves.
const standardDrill = 2

// hours and months of a year, as AWS counts them.
const (
	hoursOfMonth = 730
	months       = 12
)

// ReadUsage reads the text of a usage file. All that is wrong with it is in one error.
func ReadUsage(text []byte) (u Usage, err error) {
	read := yaml.NewDecoder(bytes.NewReader(text))
	read.KnownFields(true)
	if err := read.Decode(&u); err != nil && !errors.Is(err, io.EOF) { // an empty file says nothing
		return Usage{}, fmt.Errorf("%s can't be read: %w", UsageFile, err)
	}
	var wrong []error
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(UsageFile+": "+format, args...)) }
	for key, value := range map[string]float64{"mediaGiB": u.MediaGiB, "transferGiBYear": u.TransferGiBYear, "logGiBMonth": u.LogGiBMonth, "drillHours": u.DrillHours} {
		if value < 0 {
			refuse("%s is %g: set it to 0 or more", key, value)
		}
	}
	if u.Tax != nil && (*u.Tax < 0 || *u.Tax >= 1) {
		refuse("tax is %g: write 6 %% as 0.06", *u.Tax)
	}
	for i, own := range u.Prices {
		if _, err := own.unit(); err != nil {
			refuse("prices[%d]: %w", i, err)
		}
	}
	return u, errors.Join(wrong...)
}

// unit is the price of one unit of the item.
func (p OwnPrice) unit() (price.Price, error) {
	switch {
	case !awsregion.Valid(p.Region):
		return price.Price{}, fmt.Errorf("region is %q: set it to the region of one of the stacks", p.Region)
	case p.Item == "":
		return price.Price{}, errors.New("item is empty: name one, such as db.m6g.large or nat-gateway")
	case p.Price < 0:
		return price.Price{}, fmt.Errorf("price is %g: set it to 0 or more", p.Price)
	}
	unit := p.Item.Unit()
	in := map[string]float64{"": 1, string(unit): 1}
	switch unit {
	case price.Hour:
		in["month"], in["year"] = hoursOfMonth, hoursOfMonth*months
	case price.GiBMonth, price.Month:
		in["year"] = months
	default: // of these a month has as many as are used
	}
	of, known := in[p.Per]
	if !known {
		return price.Price{}, fmt.Errorf("per is %q: leave it out for the price of one %s", p.Per, unit)
	}
	source := p.Source
	if source == "" {
		source = UsageFile
	}
	return price.Price{Amount: p.Price / of, Source: source, Date: price.Undated}, nil
}

// standardTax is what the partner that bills a region adds.
func standardTax(region string) float64 {
	if awsregion.Partition(region) == "aws-cn" {
		return 0.06
	}
	return 0
}
