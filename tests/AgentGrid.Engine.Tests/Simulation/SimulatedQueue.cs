using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>The places that the dispatcher gives to runs.</summary>
internal sealed class SimulatedQueue(SimulatedSilo silo) : IRunQueue
{
    private readonly SimulatedDispatcher _dispatcher = silo.Cluster.Dispatcher;

    public void Enter(RunDriver run)
    {
        if (!run.IsQueued)
        {
            return;
        }
        var place = run.Group;
        silo.Send(
            $"{SimulatedStore.Short(run.Id)} wants a place", _dispatcher,
            () => _dispatcher.Enter(run.Id, place, has => silo.Answer(
                $"{SimulatedStore.Short(run.Id)} has a place: {has}", () => Answered(run, has, place?.Since), () => Enter(run))),
            () => Enter(run));
    }

    public void Reenter(RunDriver run)
    {
    }

    public void Return(RunDriver run) => silo.Send(
        $"{SimulatedStore.Short(run.Id)} goes on", _dispatcher, () => _dispatcher.Enter(run.Id, run.Group, static _ => { }));

    public void StepAside(RunDriver run)
    {
        if (run.Group is null)
        {
            Leave(run);
            return;
        }
        silo.Send($"{SimulatedStore.Short(run.Id)} steps aside", _dispatcher, () => _dispatcher.StepAside(run.Id));
    }

    public void Leave(RunDriver run)
    {
        if (run is { Parent: not null, IsAdmitted: false })
        {
            return; // the same child may have been accepted by another
        }
        var since = run.Group?.Since;
        silo.Send(
            $"{SimulatedStore.Short(run.Id)} wants no place any more", _dispatcher, () => _dispatcher.Leave(run.Id, since));
    }

    public void Reserve(RunDriver run, Action<AdmitOutcome?> reserved)
    {
        var (place, isAnswered) = (run.Group!, false);
        Ask();

        // Asked again it can be answered twice.
        void Ask() => silo.Send(
            $"{SimulatedStore.Short(run.Id)} is to be counted", _dispatcher,
            () => _dispatcher.Reserve(place, other => silo.Answer(
                $"{SimulatedStore.Short(run.Id)} is {(other is null ? "" : "not ")}counted", () =>
                {
                    if (!isAnswered)
                    {
                        isAnswered = true;
                        reserved(other is { } one ? new AdmitOutcome.InTheWay(one) : null);
                    }
                }, Ask)),
            Ask);
    }

    private void Answered(RunDriver run, bool has, DateTimeOffset? since)
    {
        if (!has || run.Group?.Since != since)
        {
            silo.After(0.2, () => Enter(run)); // who asks for a time before a retry is refused, until it knows better
        }
        else if (run.IsStopping && run.Summary.Status.IsEnded())
        {
            Leave(run);
        }
        else
        {
            run.Post(new RunInput.StartRun(since));
        }
    }
}
