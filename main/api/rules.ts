import type { Handlers } from '../../shared/contract/contract.ts';
import type { AdvisoryService } from '../core/advisories/service.ts';
import type { CatalogService } from '../core/catalog/service.ts';
import type { RuleService } from '../core/rules/service.ts';

type Names = Extract<keyof Handlers, `rules.${string}` | `catalog.${string}` | `advisories.${string}`>;

/** Rules, and what they judge by: the catalogue and imported advisories. */
export const ruleHandlers = (
  rules: RuleService,
  catalog: CatalogService,
  advisories: AdvisoryService,
): Pick<Handlers, Names> => ({
  'rules.list': rules.list,
  'rules.show': rules.show,
  'rules.history': rules.history,
  'rules.check': rules.check,
  'rules.preview': rules.preview,
  'rules.save': rules.save,
  'catalog.search': catalog.search,
  'catalog.show': catalog.show,
  'catalog.hosts': catalog.hosts,
  'advisories.list': advisories.list,
  'advisories.show': advisories.show,
  'advisories.begin': advisories.begin,
  'advisories.put': advisories.put,
  'advisories.finish': advisories.finish,
});
