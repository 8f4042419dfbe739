drop function redemption_redeem(bytea[], bigint);
drop function redemption_claim(bytea[], bigint, boolean);
alter table redemption_code reset (fillfactor);
