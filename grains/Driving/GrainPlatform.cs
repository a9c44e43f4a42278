using AgentGrid.Engine;

namespace AgentGrid.Grains.Driving;

/// <summary>Lets drivers work on the scheduler of their grain, one thing at a time with whatever else happens there.</summary>
internal sealed class GrainPlatform(TaskScheduler grain) : Platform
{
    public override void Queue(IThreadPoolWorkItem work, bool preferLocal) => _ = Task.Factory.StartNew(
        static work => ((IThreadPoolWorkItem)work!).Execute(), work, CancellationToken.None,
        TaskCreationOptions.DenyChildAttach, grain);
}
