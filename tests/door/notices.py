"""What Budgets sends by SNS when a month's budget is spent, as SNS hands it to a function."""

TOPIC = "arn:aws:sns:us-east-1:111122223333:Hotline-test-BudgetSpent"
BUDGET = "Hotline-test-0a1b2c3d"


def letter(budget: str = BUDGET, *, kind: str = "ACTUAL", spent: str = "$100.42") -> str:
    """The text, as several who handle it have published it; AWS documents no format."""
    return (
        "AWS Budget Notification November 21, 2026\nAWS Account 111122223333\n\nDear AWS Customer,\n\n"
        f"You requested that we alert you when the {kind} Cost associated with your {budget} budget is greater than "
        f"$100.00 for the current month. The {kind} Cost associated with this budget is {spent}. You can find "
        "additional details below and by accessing the AWS Budgets dashboard [1].\n\n"
        f"Budget Name: {budget}\nBudget Type: Cost\nBudgeted Amount: $100.00\nAlert Type: {kind}\n"
        f"Alert Threshold: > $100.00\n{kind} Amount: {spent}\n\n"
        "[1] https://console.aws.amazon.com/billing/home#/budgets\n"
    )


def delivered(message: str = "", *, topic: str = TOPIC, at: str = "2026-11-21T12:00:00.000Z") -> dict:
    """The event of one delivery."""
    sns = {"TopicArn": topic, "Message": message or letter(), "Timestamp": at, "MessageId": "m"}
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}]}
