namespace AgentGrid.Runtime.Slots;

/// <summary>What became of a <see cref="SlotRequest"/>.</summary>
internal enum SlotRequestStatus
{
    /// <summary>Not granted yet.</summary>
    Waiting,

    /// <summary>It has a slot.</summary>
    Granted,

    /// <summary>Nobody waits for it any more, or its agent is gone.</summary>
    Withdrawn,
}
