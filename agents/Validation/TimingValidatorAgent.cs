using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Validation;

/// <summary>
/// Compares the peeks that the frames of a motion show with those of its player in <c>grid_snapshot</c>. A motion that
/// fails is an answer with <c>valid: false</c>; no motion at all is the failure <c>no_motion</c>.
/// </summary>
[Agent("timing_validator", Capabilities = ["validation"], TimeoutSeconds = 20)]
public sealed class TimingValidatorAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var clip = MotionClip.Read(invocation);
        var match = PeekMatch.Of(clip, PeekDetector.Exposure(clip), invocation);
        var message = clip.Problem ?? Problem(match);
        return ValueTask.FromResult(Json.From(new TimingReport(
            message is null, match.Player, match.Expected.Length, match.Found.Length, match.WorstError,
            match.Tolerance, match.Missing, match.Unexpected, match.Outside, match.Merged, message)));
    }

    private static string? Problem(PeekMatch match) => (match.Missing.Length, match.Unexpected.Length) switch
    {
        (0, 0) => null,
        var (missing, unexpected) => $"{missing} of {match.Expected.Length} expected peeks are not in the motion, and "
            + $"{unexpected} in it were not expected.",
    };
}
