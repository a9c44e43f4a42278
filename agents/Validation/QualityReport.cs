namespace AgentGrid.Agents.Validation;

/// <summary>What <c>quality_scorer</c> answers.</summary>
/// <param name="Score">0 to 1: the mean of smoothness and coverage; 0 for a motion that cannot be read.</param>
/// <param name="Smoothness">0 to 1.</param>
/// <param name="Coverage">0 to 1: the share of the player's peeks in the snapshot that the motion shows (peeks too
/// close
/// together for a body count as one); 1 for none.</param>
/// <param name="LogDimensionlessJerk">Of the peeks, on average; null when nothing moves enough to tell.</param>
/// <param name="Message">Why it could not be read; null when it could.</param>
internal sealed record QualityReport(
    double Score, double Smoothness, double Coverage, double? LogDimensionlessJerk, int Peeks, string? Message);
