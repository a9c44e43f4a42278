using System.Reflection;
using System.Text.Json;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AgentGrid.Engine.Libraries;

/// <summary>A library of agents that was loaded from a file, with what it needs.</summary>
public sealed class AgentLibrary
{
    private readonly string _path;
    private readonly Type[] _setups;

    private AgentLibrary(string path, Assembly assembly, Type[] setups) =>
        (_path, Assembly, _setups) = (path, assembly, setups);

    /// <summary>What has its classes.</summary>
    public Assembly Assembly { get; }

    /// <summary>
    /// Loads a library, with the packages that lie beside it. What it was built against and is not there, or is too old, is
    /// said now and not when it is needed.
    /// </summary>
    /// <param name="path">Its .dll file, as a build has made it; relative to the current folder.</param>
    /// <exception cref="AgentSetupException">It cannot be loaded.</exception>
    public static AgentLibrary Load(string path)
    {
        var full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            throw new AgentSetupException(
                $"There is no library of agents '{full}': --agents takes the path of a .dll file.");
        }
        try
        {
            var context = new LibraryContext(full);
            var problems = LibraryReferences.Problems(full, context.Find);
            if (problems.Count > 0)
            {
                throw Unusable(full, problems);
            }
            var assembly = context.LoadFromAssemblyPath(full);
            var setups = assembly.GetTypes().Where(IsSetup).OrderBy(t => t.FullName, StringComparer.Ordinal).ToArray();
            return new AgentLibrary(full, assembly, setups);
        }
        catch (BadImageFormatException e)
        {
            throw new AgentSetupException(
                $"'{full}' is not a .NET library: --agents takes the .dll file that a build has made.", e);
        }
        catch (ReflectionTypeLoadException e)
        {
            throw Unusable(full, [.. e.LoaderExceptions.Select(l => l!.Message).Distinct()], e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or JsonException)
        {
            throw Unusable(full, [e.Message], e);
        }
    }

    /// <summary>Adds what its classes that implement <see cref="IAgentLibrary"/> add.</summary>
    /// <exception cref="AgentSetupException">One of them failed.</exception>
    public void Configure(IServiceCollection services, IConfiguration configuration)
    {
        foreach (var setup in _setups)
        {
            try
            {
                ((IAgentLibrary)Activator.CreateInstance(setup)!).Configure(services, configuration);
            }
            catch (MissingMethodException e) when (setup.GetConstructor([]) is null)
            {
                throw Unusable(_path, [$"{setup.FullName} needs a public constructor without parameters."], e);
            }
            catch (Exception e)
            {
                var cause = e is TargetInvocationException { InnerException: { } inner } ? inner : e;
                throw Unusable(_path, [$"{setup.FullName} failed: {cause.Message}"], cause);
            }
        }
    }

    private static bool IsSetup(Type type) => type is { IsAbstract: false } && typeof(IAgentLibrary).IsAssignableFrom(type);

    private static AgentSetupException Unusable(string path, IReadOnlyList<string> reasons, Exception? cause = null) => new(
        string.Join(Environment.NewLine, reasons.Prepend($"The library of agents '{path}' cannot be used.")), cause);
}
