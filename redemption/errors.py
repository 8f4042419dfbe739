"""Refusals of the redemption room."""


class RedemptionError(Exception):
    """A refusal; `code` is stable and may be shown to people and programs."""

    code = "redemption_error"


class CodeUnusable(RedemptionError):
    """The code cannot be redeemed. One refusal for every reason: a guesser learns nothing from it."""

    code = "code_unusable"


class CodeMistyped(RedemptionError):
    """The text is no code: its length, a symbol or its checksum is wrong. Costs no attempt and no query."""

    code = "code_mistyped"


class OrderNumberTyped(CodeMistyped):
    """The text is an order number: it opens an order, and redeems nothing."""

    code = "order_number_typed"


class BatchNotReady(RedemptionError):
    """The batch is still being issued."""

    code = "batch_not_ready"


class BatchAlreadyDownloaded(RedemptionError):
    """The batch's codes were downloaded; they are readable nowhere any more."""

    code = "batch_already_downloaded"


class BatchBeingDownloaded(RedemptionError):
    """Somebody is downloading the batch right now."""

    code = "batch_being_downloaded"


class BatchVoided(RedemptionError):
    """The batch was voided: its codes are good for nothing and readable nowhere."""

    code = "batch_voided"


class BatchSold(RedemptionError):
    """The code was sold: its buyer has it, and nobody can download it."""

    code = "batch_sold"
