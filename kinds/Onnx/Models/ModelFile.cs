using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>The file that a model is in.</summary>
internal sealed class ModelFile
{
    // What exporters call the file with the weights that a model keeps beside itself.
    private static readonly string[] s_external = ["", ".data", "_data"];

    private readonly string _agent;

    /// <param name="agent">The name of the agent.</param>
    /// <param name="path">As it is configured.</param>
    /// <param name="folder">From where relative paths lead; null for the current one.</param>
    public ModelFile(string agent, string path, string? folder)
    {
        _agent = agent;
        Path = System.IO.Path.GetFullPath(path, folder is null ? Environment.CurrentDirectory : System.IO.Path.GetFullPath(folder));
    }

    /// <summary>The whole path.</summary>
    public string Path { get; }

    /// <summary>Bytes of the model with its weights.</summary>
    public long Bytes => s_external.Select(e => new FileInfo(Path + e)).Where(f => f.Exists).Sum(f => f.Length);

    /// <exception cref="AgentException">There is no such file.</exception>
    public void Check()
    {
        if (!File.Exists(Path))
        {
            throw new AgentException(
                OnnxErrors.NotLoaded,
                $"Agent '{_agent}': there is no model '{Path}'. Put it there; a relative 'model' begins at the configuration folder.",
                retryable: false);
        }
    }
}
