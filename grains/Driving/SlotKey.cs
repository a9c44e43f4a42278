using AgentGrid.Engine.Driving;

namespace AgentGrid.Grains.Driving;

/// <summary>What the slot of one delivery of an attempt is called, whoever asks for it.</summary>
internal static class SlotKey
{
    public static string Of(OpenAttempt attempt) =>
        $"{attempt.Run.Id.Value}/{attempt.Step.Id}/{attempt.State.Number}#{attempt.State.Losses}";
}
