using System.Collections.Frozen;
using AgentGrid.Kinds.Http;

namespace AgentGrid.Kinds.Chat;

/// <summary>The codes of failures that are a model's or its endpoint's, and what can be tried again. Stable.</summary>
internal static class ChatErrors
{
    /// <summary>The answer was longer than <c>max_output_tokens</c>, or than the model can. Not to be tried again.</summary>
    public const string OutputCut = "output_cut";

    /// <summary>The model or a filter would not. Not to be tried again.</summary>
    public const string Refused = "refused";

    /// <summary>The model wanted to call tools more often than <c>max_calls</c>. Not to be tried again.</summary>
    public const string TooManyCalls = "too_many_calls";

    private const int PaymentRequired = 402;

    // What these endpoints say when there is no money left: with 429, as when there is too much to do.
    private static readonly FrozenSet<string> s_money = FrozenSet.Create(
        StringComparer.Ordinal,
        "insufficient_quota", "insufficient_balance", "credit_balance_exhausted", "billing_not_active", "billing_hard_limit_reached",
        "organization_spend_limit_exceeded", "project_spend_limit_exceeded", "organization_usage_limit_exceeded");

    /// <summary>Whether the same request can succeed later: never where it is about money.</summary>
    /// <param name="status">Null for a failure in the middle of an answer that had begun well.</param>
    /// <param name="code">The endpoint's own; null where it has none.</param>
    public static bool IsRetryable(int? status, string? code) => status != PaymentRequired
        && !(code is not null && s_money.Contains(code))
        && (status is null || HttpErrors.IsRetryable(status.Value));
}
