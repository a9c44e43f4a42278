using AgentGrid.Core.Agents;
using Microsoft.Extensions.Logging;
using StandardWebhooks;

namespace MyAgents;

/// <summary>Signs a caption with a package, and with what the program and the library have registered.</summary>
[Agent("signed_caption", Capabilities = ["signing"])]
public sealed class SignedCaption(HttpClient http, ILogger<SignedCaption> logger, StandardWebhook signer)
    : Agent<SignedCaption.Input, SignedCaption.Signature>
{
    public override ValueTask<Signature> InvokeAsync(
        Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        logger.LogInformation("It signs '{Caption}', and would post it within {Timeout}", input.Caption, http.Timeout);
        return ValueTask.FromResult(new Signature(
            signer.Sign("caption", DateTimeOffset.UnixEpoch, input.Caption), typeof(StandardWebhook).Assembly.Location));
    }

    public sealed record Input(string Caption);

    /// <param name="Package">The file that the package was loaded from.</param>
    public sealed record Signature(string Text, string Package);
}
