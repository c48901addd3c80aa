/** Promotions of revisions, in the order they were made. None is ever changed. */
import { Promotion } from '../../../shared/model/promotion.ts';
import type { PromotionStore } from '../../core/ports.ts';
import { type Db, fromJson, JsonRow } from './db.ts';

export const promotionStore = (db: Db): PromotionStore => ({
  promotions: (revisionId) =>
    db
      .all(JsonRow, 'SELECT body FROM promotions WHERE revision = ? ORDER BY key', revisionId)
      .map((row) => fromJson(db, Promotion, row.body, 'a promotion')),
  putPromotion: (promotion) => {
    db.run(
      'INSERT INTO promotions (revision, body) VALUES (?, ?)',
      promotion.revisionId,
      JSON.stringify(promotion),
    );
  },
});
