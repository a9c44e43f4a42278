using System.Collections.Immutable;

namespace AgentGrid.Agents.Validation;

/// <summary>What <c>timing_validator</c> answers. Times are seconds on the snapshot's clock.</summary>
/// <param name="Valid">Every expected peek was found, and no other.</param>
/// <param name="Player">Whose peeks were expected; null when nobody peeks.</param>
/// <param name="Expected">How many peeks of the snapshot the motion can and should show.</param>
/// <param name="Found">How many the frames show.</param>
/// <param name="WorstErrorS">Of the peeks that were found where one was expected.</param>
/// <param name="ToleranceS">How far off a peek may be: 50 ms, or one frame when that is more.</param>
/// <param name="Outside">How many peeks of the snapshot fall before or after the motion.</param>
/// <param name="Merged">How many follow another too closely to be a movement of their own.</param>
/// <param name="Message">What is wrong; null when nothing is.</param>
internal sealed record TimingReport(
    bool Valid, string? Player, int Expected, int Found, double WorstErrorS, double ToleranceS,
    ImmutableArray<double> Missing, ImmutableArray<double> Unexpected, int Outside, int Merged, string? Message);
