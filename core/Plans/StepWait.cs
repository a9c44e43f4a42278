using System.Collections.Immutable;

namespace AgentGrid.Core.Plans;

/// <summary>What a step waits for that no agent does: a signal from outside, or the decision of a person.</summary>
public sealed record StepWait
{
    /// <summary>How long a step waits that does not say how long: so that every run ends.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromDays(7);

    /// <summary>The signal's name; of an approval the id of its step.</summary>
    public required string Signal { get; init; }

    /// <summary>How long it is waited for.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>After which part of that those who want to know are reminded, once; null for never.</summary>
    public TimeSpan? RemindAfter { get; init; }

    public OnTimeout OnTimeout { get; init; }

    /// <summary>The step's output when nothing came in time; null unless <see cref="OnTimeout"/> asks for it.</summary>
    public Json? Default { get; init; }

    /// <summary>The names of the API keys that may send it; empty for all.</summary>
    public ImmutableArray<string> By { get; init; } = [];

    /// <summary>What a person is asked; null where it is no person who is waited for.</summary>
    public Approval? Approval { get; init; }

    /// <summary>The paths that its texts take values from.</summary>
    public IEnumerable<ValuePath> Paths => Approval is { } approval
        ? approval.Title.Paths.Concat(approval.Description?.Paths ?? [])
        : [];
}

/// <summary>What a person is asked who decides how a run goes on.</summary>
public sealed record Approval
{
    /// <summary>The question, in one line.</summary>
    public required TextTemplate Title { get; init; }

    /// <summary>More about it; null for nothing.</summary>
    public TextTemplate? Description { get; init; }

    /// <summary>What is to be filled in; null for nothing.</summary>
    public Form? Form { get; init; }
}

/// <summary>What happens when a signal has not come in time.</summary>
public enum OnTimeout
{
    /// <summary>The step fails.</summary>
    Fail,

    /// <summary>The step is skipped.</summary>
    Skip,

    /// <summary>The step is completed with the output that the plan has for this.</summary>
    Default,
}
