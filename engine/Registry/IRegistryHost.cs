using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Webhooks;

namespace AgentGrid.Engine.Registry;

/// <summary>What a registry of runs takes from its engine.</summary>
public interface IRegistryHost
{
    /// <summary>The configuration that is in force.</summary>
    GridConfig Config { get; }

    /// <summary>Why there is no place for a run, where that can be known without asking for one; null otherwise.</summary>
    AdmissionRefusal? WhyFull(string? tenant);

    /// <summary>The run that has a key, by what is kept of it; null when there is none (any more).</summary>
    ValueTask<RunState?> ReplayAsync(RunKey key);

    /// <summary>A run by what is kept of it; null when it is not there (any more).</summary>
    ValueTask<RunState?> ReplayAsync(RunId run);

    /// <summary>When there was last no process to drive runs; null for never, as far as is known.</summary>
    ValueTask<Outage?> LastOutageAsync();

    /// <summary>Where large values of runs are kept; null when nowhere but in their journals.</summary>
    StoredValues? Values { get; }

    /// <summary>Who posts to webhooks.</summary>
    IWebhookSender Webhooks { get; }

    /// <summary>Cancelled when what webhooks are owed is left to others.</summary>
    CancellationToken Stopping { get; }

    /// <summary>A webhook could not be told because of an error of the engine or its store; it is tried again.</summary>
    void DeliveryFailed(RunId run, Exception failure);

    /// <summary>What became of an agent that was told to stop could not be kept, because of an error of the engine or its store.</summary>
    void ReportFailed(RunId run, Exception failure);

    /// <summary>The last of what webhooks were owed is settled, or a run was told the last that it was to be, and no run is driven here.</summary>
    void BecameEmpty();

    /// <summary>Makes the driver of a run. It is in the registry when the call has returned, or never.</summary>
    RunDriver Drive(RunState state, RunOrigin origin);
}

/// <summary>Why somebody begins to drive a run.</summary>
public enum RunOrigin
{
    /// <summary>It is new, and not accepted yet.</summary>
    Posted,

    /// <summary>It has ended, and is to go on; that is not durable yet.</summary>
    Retried,

    /// <summary>It has not ended, and nobody drives it.</summary>
    Resumed,

    /// <summary>It has ended, and is to hear of something.</summary>
    Ended,
}
