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
        silo.Send(
            $"{SimulatedStore.Short(run.Id)} wants a place", _dispatcher,
            () => _dispatcher.Enter(run.Id, has => silo.Answer(
                $"{SimulatedStore.Short(run.Id)} has a place: {has}", () => Answered(run, has), () => Enter(run))),
            () => Enter(run));
    }

    public void Reenter(RunDriver run)
    {
    }

    public void Return(RunDriver run) => silo.Send(
        $"{SimulatedStore.Short(run.Id)} goes on", _dispatcher, () => _dispatcher.Enter(run.Id, static _ => { }));

    public void Leave(RunDriver run) => silo.Send(
        $"{SimulatedStore.Short(run.Id)} wants no place any more", _dispatcher, () => _dispatcher.Leave(run.Id));

    private void Answered(RunDriver run, bool has)
    {
        if (!has)
        {
            Enter(run);
        }
        else if (run.IsStopping && run.Summary.Status.IsEnded())
        {
            Leave(run);
        }
        else
        {
            run.Post(RunInput.StartRun.Instance);
        }
    }
}
