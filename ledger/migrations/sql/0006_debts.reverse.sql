drop trigger debt_payment_is_append_only on ledger_debtpayment;
drop trigger lot_taking_is_append_only on ledger_lottaking;
drop function ledger_pay_debts(bigint, timestamptz);
