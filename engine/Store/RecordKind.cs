namespace AgentGrid.Engine.Store;

/// <summary>What a record is; part of its check, so that a sound record in a wrong place is found.</summary>
public enum RecordKind : byte
{
    /// <summary>What never changes of a run.</summary>
    Head = (byte)'h',

    /// <summary>Where a run stands.</summary>
    Tip = (byte)'t',

    /// <summary>Events of one turn.</summary>
    Turn = (byte)'e',
}
