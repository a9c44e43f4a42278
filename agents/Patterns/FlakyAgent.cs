using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Patterns;

/// <summary>
/// For trying out retries and fallbacks. With <c>fail_times: n</c> the first n tries fail; with <c>fail_rate: p</c>
/// (0 to 1) that share of attempts fails. The chance comes from the attempt's idempotency key, so an attempt that is
/// delivered twice ends twice in the same way. Failures have the code <c>flaky</c> and are retryable. A success
/// answers <c>{"ok": true, "tries": t}</c>.
/// </summary>
[Agent("flaky", MaxConcurrency = 64)]
public sealed class FlakyAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var times = Parameters.Whole(invocation, "fail_times", 0, int.MaxValue);
        var rate = Parameters.Number(invocation, "fail_rate", 0, 1);
        var why = (times, rate) switch
        {
            ({ } n, null) => invocation.Try <= n ? $"try {invocation.Try} of the {n} that were asked to fail" : null,
            (null, { } p) => Chance(invocation.IdempotencyKey) < p ? $"chance, at a rate of {p}" : null,
            _ => throw Parameters.Bad(
                invocation, "give either 'fail_times' or 'fail_rate': input: { fail_times: 2 } or { fail_rate: 0.5 }."),
        };
        return why is null
            ? ValueTask.FromResult(Json.From(new FlakyOutput(true, invocation.Try)))
            : throw new AgentException("flaky", $"Agent '{invocation.Agent}' failed on purpose: {why}.");
    }

    /// <summary>A number from 0 up to 1 that depends on the text alone, equally likely everywhere.</summary>
    internal static double Chance(string text)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return (BinaryPrimitives.ReadUInt64LittleEndian(hash) >> 11) * (1.0 / (1UL << 53));
    }

    private sealed record FlakyOutput(bool Ok, int Tries);
}
