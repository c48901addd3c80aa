import type { Handlers } from '../../shared/contract/contract.ts';
import type { BundleService } from '../core/bundles/service.ts';

type BundleNames = Extract<keyof Handlers, `bundles.${string}`>;

export const bundleHandlers = (bundles: BundleService): Pick<Handlers, BundleNames> => ({
  'bundles.make': bundles.make,
  'bundles.sign': bundles.sign,
  'bundles.list': bundles.list,
  'bundles.verify': bundles.verify,
  'bundles.import': bundles.import,
});
