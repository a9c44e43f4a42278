namespace AgentGrid.Agents.Motion;

/// <summary>One movement out of cover and back into it.</summary>
/// <param name="Apex">When the body is furthest out, in seconds from the first frame.</param>
/// <param name="Out">Seconds that the way out takes.</param>
/// <param name="Back">Seconds that the way back takes.</param>
/// <param name="Reach">0 to 1: how far out; quick peeks are shallower.</param>
internal readonly record struct PeekPulse(double Apex, double Out, double Back, double Reach)
{
    public double End => Apex + Back;

    /// <summary>How far out the body is at a time: 0 in cover, 1 fully out.</summary>
    public double At(double time) => time <= Apex
        ? Reach * MinimumJerk.At(1 - (Apex - time) / Out)
        : Reach * MinimumJerk.At(1 - (time - Apex) / Back);
}
