namespace AgentGrid.Engine.Slots;

/// <summary>What became of a <see cref="SlotRequest"/>. It changes under the table's lock alone.</summary>
internal enum SlotRequestStatus
{
    /// <summary>Nobody has asked for its slot yet.</summary>
    New,

    /// <summary>It is in its agent's queue.</summary>
    Waiting,

    /// <summary>It was given a slot.</summary>
    Granted,

    /// <summary>Nobody wants the slot any more, or its agent is gone.</summary>
    Withdrawn,
}
