using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Validation;

/// <summary>
/// Checks that a body could move like this: complete frames, constant bones, joint limits, speeds, standing feet. A
/// motion that fails is an answer with <c>valid: false</c>; no motion at all is the failure <c>no_motion</c>.
/// </summary>
[Agent("kinematics_validator", Capabilities = ["validation"], TimeoutSeconds = 20)]
public sealed class KinematicsValidatorAgent : IAgent
{
    private static readonly ImmutableArray<Func<MotionClip, KinematicsCheck>> Checks =
    [
        KinematicsChecks.Frames, KinematicsChecks.BoneLengths, KinematicsChecks.Knees, KinematicsChecks.KneeDirection,
        KinematicsChecks.Elbows, KinematicsChecks.Speeds, KinematicsChecks.FootSkate,
    ];

    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var clip = MotionClip.Read(invocation);
        var checks = ImmutableArray.CreateBuilder<KinematicsCheck>();
        checks.Add(new KinematicsCheck("form", clip.Problem is null, Message: clip.Problem));
        if (clip.Problem is null)
        {
            foreach (var check in Checks)
            {
                cancellationToken.ThrowIfCancellationRequested();
                checks.Add(check(clip));
            }
        }
        return ValueTask.FromResult(Json.From(new KinematicsReport(
            checks.All(c => c.Ok), clip.Generator, clip.Frames, checks.ToImmutable())));
    }
}
