using AgentGrid.Core.Agents;

namespace MyAgents;

/// <summary>Writes motion with a model that is loaded once on every GPU that it is asked to use.</summary>
[Agent("motion_writer", Capabilities = ["motion_generation"], Queue = "gpu", MaxConcurrency = 4)]
public sealed class MotionWriter(Func<int, IMotionModel> load) : Agent<MotionWriter.Input, MotionWriter.Motion>
{
    private readonly Dictionary<int, IMotionModel> _models = [];

    public override async ValueTask<Motion> InvokeAsync(
        Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        // Null where GPU memory is not accounted for: then the agent chooses for itself.
        var model = On(invocation.Gpu ?? 0);
        return new Motion(await model.WriteAsync(input.Prompt, cancellationToken));
    }

    // The first attempt on a GPU loads the model there; those that come meanwhile wait for it.
    private IMotionModel On(int gpu)
    {
        lock (_models)
        {
            return _models.TryGetValue(gpu, out var model) ? model : _models[gpu] = load(gpu);
        }
    }

    public sealed record Input(string Prompt);

    public sealed record Motion(double[][] Frames);
}

public interface IMotionModel
{
    Task<double[][]> WriteAsync(string prompt, CancellationToken cancellationToken);
}
