using System.Collections.Immutable;

namespace AgentGrid.Agents.Validation;

/// <summary>What <c>kinematics_validator</c> answers.</summary>
/// <param name="Valid">Every check is ok.</param>
/// <param name="Generator">The agent that made the motion; null when the motion does not say.</param>
internal sealed record KinematicsReport(
    bool Valid, string? Generator, int FrameCount, ImmutableArray<KinematicsCheck> Checks);

/// <summary>One property of a motion.</summary>
/// <param name="Worst">The value furthest towards the limit, in <paramref name="Unit"/>; null when not
/// measured.</param>
/// <param name="Limit">Up to here the check is ok; null for checks of form.</param>
/// <param name="Joint">Where the worst is; null when it has no place.</param>
/// <param name="Frame">When the worst is, counted from 0; null when it has no time.</param>
/// <param name="Message">What is wrong; null when nothing is.</param>
internal sealed record KinematicsCheck(
    string Name, bool Ok, double? Worst = null, double? Limit = null, string? Unit = null, string? Joint = null,
    int? Frame = null, string? Message = null);
