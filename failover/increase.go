package failover

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// RequestIncrease asks AWS for a quota with which the change, and load, has room. It does not while a request is open.
func (r *Runtime) RequestIncrease(ctx context.Context, q checks.Quota) (checks.Increase, error) {
	asked := checks.Increase{Quota: q.Name, Service: q.Service, Code: q.Code, Region: r.Site.Region, Desired: q.Wants()}
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return asked, err
	}
	client := servicequotas.NewFromConfig(cfg)
	pages := servicequotas.NewListRequestedServiceQuotaChangeHistoryByQuotaPaginator(client, &servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaInput{ServiceCode: &q.Service, QuotaCode: &q.Code})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return asked, fmt.Errorf("reading which increases of %s were asked for: %w", q.Name, err)
		}
		for _, before := range page.RequestedQuotas {
			if before.Status == quotatypes.RequestStatusPending || before.Status == quotatypes.RequestStatusCaseOpened {
				asked.Before, asked.Status, asked.Desired = aws.ToTime(before.Created), string(before.Status), int(aws.ToFloat64(before.DesiredValue))
				return asked, nil
			}
		}
	}
	out, err := client.RequestServiceQuotaIncrease(ctx, &servicequotas.RequestServiceQuotaIncreaseInput{
		ServiceCode: &q.Service, QuotaCode: &q.Code, DesiredValue: aws.Float64(float64(asked.Desired)),
	})
	if _, full := errors.AsType[*quotatypes.QuotaExceededException](err); full {
		asked.Refused = "AWS takes no more requests in this region until one of those that are open is closed"
		return asked, nil
	}
	if err != nil {
		return asked, fmt.Errorf("asking for %d %s in %s: %w", asked.Desired, q.Name, r.Site.Region, err)
	}
	if out.RequestedQuota != nil {
		asked.Status = string(out.RequestedQuota.Status)
	}
	return asked, nil
}
