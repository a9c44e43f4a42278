using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Grid;

/// <summary>Settings of webhooks. Bound from the configuration section <c>AgentGrid:Webhooks</c>.</summary>
public sealed class WebhookOptions
{
    /// <summary>
    /// The hosts that may be posted to: <c>hooks.example.org</c>, <c>*.example.org</c> for all below it, <c>10.0.0.7:8080</c>. Without a
    /// port, the scheme's port applies. Default none: runs with webhooks are refused.
    /// </summary>
    public List<string> AllowedHosts { get; } = [];

    /// <summary>
    /// The secret to sign with, as in Standard Webhooks: <c>whsec_</c> and Base64; or a reference to it, <c>${file:/run/secrets/webhooks}</c>.
    /// Default null: runs with webhooks are refused.
    /// </summary>
    public string? Secret { get; set; }

    /// <summary>How long an answer may take. Default 15 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <inheritdoc cref="RunLimits.WebhookRetryAfter"/>
    /// <remarks>Default 5 s: then 30 s, 3 min, 18 min, 1.8 h, and every 4 h.</remarks>
    public TimeSpan RetryAfter { get; set; } = RunLimits.Default.WebhookRetryAfter;

    /// <inheritdoc cref="RunLimits.WebhookGiveUpAfter"/>
    /// <remarks>Default 24 h.</remarks>
    public TimeSpan GiveUpAfter { get; set; } = RunLimits.Default.WebhookGiveUpAfter;

    /// <summary>The limits of an engine, and these.</summary>
    public RunLimits AddTo(RunLimits limits) =>
        limits with { WebhookRetryAfter = RetryAfter, WebhookGiveUpAfter = GiveUpAfter };
}
