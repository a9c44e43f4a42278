using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace AgentGrid.Engine.Tests.Libraries;

/// <summary>An assembly without a class, which refers to others.</summary>
internal static class AssemblyFile
{
    public static string Write(string path, params (string Name, string Version)[] references)
    {
        var metadata = new MetadataBuilder();
        var name = metadata.GetOrAddString(Path.GetFileNameWithoutExtension(path));
        metadata.AddAssembly(name, new Version(1, 0), default, default, default, AssemblyHashAlgorithm.None);
        var id = metadata.GetOrAddGuid(new Guid(1, 2, 3, new byte[8]));
        metadata.AddModule(0, metadata.GetOrAddString(Path.GetFileName(path)), id, default, default);
        metadata.AddTypeDefinition(
            default, default, metadata.GetOrAddString("<Module>"), default,
            MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        foreach (var (reference, version) in references)
        {
            metadata.AddAssemblyReference(metadata.GetOrAddString(reference), Version.Parse(version), default, default, default, default);
        }
        var image = new BlobBuilder();
        new ManagedPEBuilder(
            PEHeaderBuilder.CreateLibraryHeader(), new MetadataRootBuilder(metadata), new BlobBuilder(),
            deterministicIdProvider: static _ => new BlobContentId(Guid.Empty, 1)).Serialize(image);
        File.WriteAllBytes(path, [.. image.ToImmutableArray()]);
        return path;
    }
}
