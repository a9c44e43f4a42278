namespace AgentGrid.Engine.Tests.Slots;

/// <summary>Does what is to be done at once: timers are fired by the test.</summary>
internal sealed class AtOnce : Platform
{
    public override void Queue(IThreadPoolWorkItem work, bool preferLocal) => work.Execute();
}
