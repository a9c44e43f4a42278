using AgentGrid.Core;
using AgentGrid.Engine.Admission;

namespace AgentGrid.Engine.Driving;

/// <summary>What became of the turn that makes a run active: its acceptance, or its retry.</summary>
public abstract record AdmitOutcome
{
    private AdmitOutcome()
    {
    }

    /// <summary>It is durable.</summary>
    public sealed record Kept : AdmitOutcome
    {
        /// <summary>The only one.</summary>
        public static readonly Kept Instance = new();
    }

    /// <summary>There is no place for it. Nothing was kept.</summary>
    public sealed record Full(AdmissionRefusal Refusal) : AdmitOutcome;

    /// <summary>As many runs of its group as may be are there. Nothing was kept.</summary>
    /// <param name="Other">One of them.</param>
    public sealed record InTheWay(RunId Other) : AdmitOutcome;

    /// <summary>The key is another run's, or somebody else has changed the run. Nothing was kept.</summary>
    public sealed record Conflict : AdmitOutcome
    {
        /// <summary>The only one.</summary>
        public static readonly Conflict Instance = new();
    }

    /// <summary>The run is not there any more. Nothing was kept.</summary>
    public sealed record Gone : AdmitOutcome
    {
        /// <summary>The only one.</summary>
        public static readonly Gone Instance = new();
    }

    /// <summary>It could not be kept now.</summary>
    /// <param name="Message">Why, and what to do.</param>
    public sealed record Unavailable(string Message) : AdmitOutcome;

    /// <summary>It may have been kept or not: whoever waits for it gets the exception.</summary>
    public sealed record Failed(Exception Cause) : AdmitOutcome;
}
