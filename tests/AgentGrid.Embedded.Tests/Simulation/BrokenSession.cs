using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Feed;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>A journal that breaks one promise, so that the simulation can be seen to notice.</summary>
internal sealed class BrokenSession(JournalFile file, Breakage breakage, Random random) : JournalSession(file)
{
    private bool _owesCommit;

    /// <summary>The feed to publish to too early.</summary>
    public FeedBuffer? Feed { get; set; }

    public override void Begin()
    {
        if (_owesCommit)
        {
            _owesCommit = false;
            base.Commit();
        }
        base.Begin();
    }

    public override void Commit()
    {
        if (breakage == Breakage.AcknowledgesBeforeCommit && Feed is not null)
        {
            _owesCommit = true;
            return;
        }
        if (breakage == Breakage.PublishesBeforeCommit)
        {
            Feed?.Publish(TakeCommitted());
        }
        base.Commit();
    }

    public override WriteOutcome Apply(JournalWrite write)
    {
        var turn = write is AppendEvents { Accept: null };
        if (turn && breakage == Breakage.LosesTurns && random.Next(30) == 0)
        {
            return WriteOutcome.Durable;
        }
        // That a run has given up its key is lost with its turn.
        if (breakage == Breakage.ForgetsSupersessions && write is AppendEvents { Accept: null, Events: [RunEvent.RunSuperseded, ..] })
        {
            return WriteOutcome.Durable;
        }
        if (turn && breakage == Breakage.WritesTurnsTwice && random.Next(30) == 0)
        {
            base.Apply(write);
        }
        return base.Apply(write);
    }
}
